"""Names of figures: what is measured, for which output, on which rows, after which epoch."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

_PREFIXES = {"train": "", "validation": "val_", "test": "test_"}
_LAST = "last."


@dataclass(frozen=True)
class Figure:
    """A figure by its name.

    Attributes:
        name: What is measured: `loss`, `accuracy`.
        part: The rows that it is measured on: `train`, `validation` or `test`.
        output: The output; empty for the whole model, or if unknown.
        of_last_epoch: Whether it is that of the last epoch rather than the best.

    >>> Figure.parse("last.val_accuracy")
    Figure(name='accuracy', part='validation', output='', of_last_epoch=True)
    >>> Figure.parse("test_price_mae", outputs=["price", "kind"]).output
    'price'
    >>> str(Figure("mae", "test", "price"))
    'test_price_mae'
    """

    name: str
    part: str = "train"
    output: str = ""
    of_last_epoch: bool = False

    @classmethod
    def parse(cls, text: str, outputs: Iterable[str] = ()) -> Self:
        """Parse the name of a figure: `test_loss`, `last.val_accuracy`.

        Args:
            text: The name.
            outputs: The outputs of the model, if it has several.
        """
        rest = text.removeprefix(_LAST)
        part, prefix = next(
            (item for item in _PREFIXES.items() if item[1] and rest.startswith(item[1])),
            ("train", ""),
        )
        figure = cls.trained(rest.removeprefix(prefix), outputs)
        return replace(figure, part=part, of_last_epoch=text.startswith(_LAST))

    @classmethod
    def logged(cls, text: str, outputs: Iterable[str] = ()) -> Self:
        """Parse a name in an epoch's logs, which have no test rows: `loss`, `val_price_mae`."""
        prefix = _PREFIXES["validation"]
        part = "validation" if text.startswith(prefix) else "train"
        return replace(cls.trained(text.removeprefix(_PREFIXES[part]), outputs), part=part)

    @classmethod
    def trained(cls, text: str, outputs: Iterable[str] = ()) -> Self:
        """Parse a name in the training rows' logs: `loss`, `price_mae`."""
        owners = (output for output in outputs if text.startswith(f"{output}_"))
        output = max(owners, key=len, default="")
        return cls(text.removeprefix(f"{output}_"), output=output) if output else cls(text)

    def __str__(self) -> str:
        epoch, part = _LAST if self.of_last_epoch else "", _PREFIXES[self.part]
        return f"{epoch}{part}{self.plain}"

    @property
    def plain(self) -> str:
        """The name without the rows and the epoch, as metrics are logged on the training rows."""
        return f"{self.output}_{self.name}" if self.output else self.name


def plain_name(figure: str) -> str:
    """A figure's name without its rows and epoch.

    >>> [plain_name(name) for name in ("val_auc", "last.val_auc", "test_auc", "auc")]
    ['auc', 'auc', 'auc', 'auc']
    """
    return Figure.parse(figure).plain


def training_name(logged: str) -> str:
    """The name of a figure in an epoch's logs, for the training rows.

    >>> training_name("val_price_mae")
    'price_mae'
    """
    return Figure.logged(logged).plain


def on_validation(plain: str) -> str:
    """The name of a figure on the validation rows.

    >>> on_validation("price_mae")
    'val_price_mae'
    """
    return str(Figure(plain, "validation"))


def is_on_validation(logged: str) -> bool:
    """Whether a figure in an epoch's logs is measured on the validation rows."""
    return Figure.logged(logged).part == "validation"


def is_loss(figure: str) -> bool:
    """Whether a figure is a loss, by its name."""
    return figure.endswith("loss")
