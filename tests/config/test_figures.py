"""The names of figures, taken apart and put together."""

import doctest

import pytest

from nnrun.config import figures
from nnrun.config.figures import Figure, is_on_validation, plain_name, training_name


def test_the_docstrings_run() -> None:
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("loss", Figure("loss")),
        ("val_loss", Figure("loss", "validation")),
        ("test_loss", Figure("loss", "test")),
        ("last.loss", Figure("loss", of_last_epoch=True)),
        ("last.val_loss", Figure("loss", "validation", of_last_epoch=True)),
        ("species_loss", Figure("loss", output="species")),
        ("val_species_top_loss", Figure("loss", "validation", "species_top")),
        ("learning_rate", Figure("learning_rate")),
        ("validity", Figure("validity")),
    ],
)
def test_a_name_has_parts(text: str, figure: Figure) -> None:
    assert Figure.parse(text, ["species", "species_top"]) == figure
    assert str(figure) == text


def test_logs_have_no_test_rows() -> None:
    """An output may be called `test`, and its figures are those of the training rows."""
    assert Figure.logged("test_loss", ["test"]) == Figure("loss", output="test")
    assert Figure.logged("val_test_loss", ["test"]) == Figure("loss", "validation", "test")
    assert training_name("test_loss") == "test_loss"
    assert not is_on_validation("test_loss")


def test_the_plain_name_keeps_the_output() -> None:
    assert Figure("mae", "validation", "price", of_last_epoch=True).plain == "price_mae"
    assert plain_name("last.val_price_mae") == "price_mae"
