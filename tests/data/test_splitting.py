import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.loading import load_experiment
from nnrun.config.roles import roles_of
from nnrun.config.schema import Split
from nnrun.data.load import load_splits
from nnrun.data.splitting import largest_remainder, split_rows
from nnrun.errors import DataError

shares = st.none() | st.integers(1, 40) | st.floats(0.01, 0.99)


def sizes(parts):
    return {name: len(rows) for name, rows in parts.items()}


@given(
    rows=st.integers(2, 200),
    classes=st.integers(1, 4),
    validation=shares,
    test=shares,
    shuffle=st.booleans(),
    stratify=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
)
def test_no_row_is_lost_and_none_used_twice(
    *, rows, classes, validation, test, shuffle, stratify, seed
):
    labels = np.arange(rows) % classes
    split = Split(validation, test, stratify, shuffle)
    try:
        parts = split_rows(rows, labels, split, seed, has_test=False)
    except DataError:
        return
    assert sorted(np.concatenate(list(parts.values()))) == list(range(rows))
    for name, share in (("validation", validation), ("test", test)):
        if share is None:
            assert name not in parts
        else:
            asked = share if isinstance(share, int) else max(1, round(share * rows))
            assert len(parts[name]) == asked
    for part in parts.values():
        assert (np.diff(part) > 0).all()
    again = split_rows(rows, labels, split, seed, has_test=False)
    assert all((parts[name] == again[name]).all() for name in parts)


@given(
    counts=st.lists(st.integers(10, 60), min_size=2, max_size=5),
    validation=st.integers(5, 9),
    test=st.integers(5, 9),
    shuffle=st.booleans(),
)
def test_stratified_parts_keep_the_share_of_every_class(counts, validation, test, shuffle):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    split = Split(validation, test, stratify=True, shuffle=shuffle)
    parts = split_rows(len(labels), labels, split, 7, has_test=False)
    assert sizes(parts) == {
        "train": len(labels) - validation - test,
        "test": test,
        "validation": validation,
    }
    for part in parts.values():
        expected = np.array(counts) / len(labels) * len(part)
        found = np.bincount(labels[part], minlength=len(counts))
        assert (abs(found - expected) <= 2).all()


def test_without_shuffle_the_first_rows_are_taken_and_the_test_rows_first():
    parts = split_rows(10, None, Split(validation=2, test=0.3, shuffle=False), 1, has_test=False)
    assert parts["test"].tolist() == [0, 1, 2]
    assert parts["validation"].tolist() == [3, 4]
    assert parts["train"].tolist() == [5, 6, 7, 8, 9]


def test_the_first_rows_validate_beside_published_test_rows():
    parts = split_rows(60, None, Split(validation=5, shuffle=False), 1, has_test=True)
    assert parts["validation"].tolist() == [0, 1, 2, 3, 4]
    assert "test" not in parts


def test_another_seed_draws_other_rows():
    split = Split(validation=0.5)
    one, two = (split_rows(100, None, split, seed, has_test=False) for seed in (1, 2))
    assert one["validation"].tolist() != two["validation"].tolist()


def test_a_file_as_a_share_takes_no_rows():
    parts = split_rows(4, None, Split(validation="more.csv"), 1, has_test=False)
    assert sizes(parts) == {"train": 4}


def test_largest_remainder_is_exact():
    assert largest_remainder(np.array([50, 30, 20]), 7).tolist() == [4, 2, 1]
    assert largest_remainder(np.array([1, 1, 1]), 2).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("labels", "split", "has_test", "says"),
    [
        (None, Split(test=2), True, "own, published test rows"),
        (None, Split(validation=7, test=3), False, "3 test rows and 7 validation rows.* 10 rows"),
        (None, Split(validation=2, stratify=True), False, "needs classes"),
        ([0] * 9 + [5], Split(validation=2, stratify=True), False, "class 5 .* it has 1 row"),
        ([0, 1, 2, 3, 4] * 2, Split(validation=3, stratify=True), False, "5 classes to 3"),
    ],
)
def test_what_cannot_be_split_is_refused_with_numbers(labels, split, has_test, says):
    labels = None if labels is None else np.array(labels)
    with pytest.raises(DataError, match=says):
        split_rows(10, labels, split, 1, has_test)


def rows_of_parts(write_config, *overrides):
    """The fingerprint of the data as `train` would have them, and the rows of the test part."""
    experiment = load_experiment(write_config(), list(overrides))
    splits = load_splits(experiment.dataset, seed=experiment.split_seed, roles=roles_of(experiment))
    return splits.fingerprint, splits.test.inputs["inputs"].tolist()


def test_runs_of_several_seeds_share_their_rows_where_the_split_has_a_seed(write_config):
    of_its_own = [f"dataset.split={{validation: 30, test: 30, seed: {seed}}}" for seed in (0, 1)]
    plain = "dataset.split={validation: 30, test: 30}"
    drawn = rows_of_parts(write_config, of_its_own[1], "seed=5")
    assert drawn == rows_of_parts(write_config, of_its_own[1], "seed=6")
    assert drawn == rows_of_parts(write_config, plain, "seed=1")
    assert rows_of_parts(write_config, of_its_own[0], "seed=5") == rows_of_parts(
        write_config, plain, "seed=0"
    )
    assert drawn != rows_of_parts(write_config, plain, "seed=5")
