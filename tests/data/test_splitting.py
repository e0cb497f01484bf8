import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.components import Component
from nnrun.config.loading import load_experiment
from nnrun.config.roles import roles_of
from nnrun.config.schema import Dataset
from nnrun.config.split import Fold, Split
from nnrun.data.load import load_splits
from nnrun.data.splitting import RowFacts, largest_remainder, split_rows
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
        parts = split_rows(RowFacts(rows, labels), split, seed)
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
    again = split_rows(RowFacts(rows, labels), split, seed)
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
    parts = split_rows(RowFacts(len(labels), labels), split, 7)
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
    parts = split_rows(RowFacts(10), Split(validation=2, test=0.3, shuffle=False), 1)
    assert parts["test"].tolist() == [0, 1, 2]
    assert parts["validation"].tolist() == [3, 4]
    assert parts["train"].tolist() == [5, 6, 7, 8, 9]


def test_the_first_rows_validate_beside_published_test_rows():
    parts = split_rows(RowFacts(60, has_test=True), Split(validation=5, shuffle=False), 1)
    assert parts["validation"].tolist() == [0, 1, 2, 3, 4]
    assert "test" not in parts


def test_another_seed_draws_other_rows():
    split = Split(validation=0.5)
    one, two = (split_rows(RowFacts(100), split, seed) for seed in (1, 2))
    assert one["validation"].tolist() != two["validation"].tolist()


def test_a_file_as_a_share_takes_no_rows():
    parts = split_rows(RowFacts(4), Split(validation="more.csv"), 1)
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
        split_rows(RowFacts(10, labels, has_test=has_test), split, 1)


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


@given(
    counts=st.lists(st.integers(5, 40), min_size=1, max_size=4),
    folds=st.integers(2, 5),
    test=st.none() | st.integers(5, 9),
    stratify=st.booleans(),
    shuffle=st.booleans(),
)
def test_every_row_validates_in_one_fold(*, counts, folds, test, stratify, shuffle):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    found = []
    for fold in range(folds):
        split = Split(Fold(fold, folds), test, stratify, shuffle)
        try:
            found.append(split_rows(RowFacts(len(labels), labels), split, 3))
        except DataError:
            return
    assert len({parts["test"].tobytes() for parts in found if "test" in parts}) <= 1
    held = found[0].get("test", np.empty(0, int))
    validated = np.concatenate([parts["validation"] for parts in found])
    assert sorted([*validated, *held]) == list(range(len(labels)))
    for parts in found:
        assert sorted(np.concatenate([*parts.values()])) == list(range(len(labels)))
    sizes_of_folds = [len(parts["validation"]) for parts in found]
    assert max(sizes_of_folds) - min(sizes_of_folds) <= 1
    if stratify:
        shares_of_folds = [
            np.bincount(labels[parts["validation"]], minlength=len(counts)) for parts in found
        ]
        assert (np.ptp(shares_of_folds, axis=0) <= 1).all()


def test_folds_of_rows_in_their_order_are_blocks() -> None:
    split = Split(Fold(1, 3), test=1, shuffle=False)
    parts = split_rows(RowFacts(10), split, 0)
    assert {name: rows.tolist() for name, rows in parts.items()} == {
        "test": [0],
        "validation": [4, 5, 6],
        "train": [1, 2, 3, 7, 8, 9],
    }


@given(
    groups=st.lists(st.integers(0, 12), min_size=12, max_size=60),
    share=st.integers(1, 20) | st.builds(Fold, st.integers(0, 2), st.just(3)),
    seed=st.integers(0, 99),
)
def test_rows_of_one_group_stay_in_one_part(groups, share, seed):
    groups = np.array(groups)
    try:
        parts = split_rows(RowFacts(len(groups), groups=groups), Split(share, group="g"), seed)
    except DataError:
        return
    train, validation = set(groups[parts["train"]]), set(groups[parts["validation"]])
    assert train
    assert validation
    assert not train & validation
    assert sorted(np.concatenate([*parts.values()])) == list(range(len(groups)))


def test_folds_of_groups_have_about_as_many_rows() -> None:
    groups = np.repeat(np.arange(6), [5, 1, 4, 2, 3, 3])
    folds = [
        split_rows(RowFacts(18, groups=groups), Split(Fold(fold, 3), group="g"), 0)["validation"]
        for fold in range(3)
    ]
    assert [len(rows) for rows in folds] == [6, 6, 6]


def test_the_last_rows_by_an_order_are_held_back() -> None:
    years = np.array([2003, 2001, 2009, 2005, 2007, 2006])
    parts = split_rows(RowFacts(6, order=years), Split(2, 1, order="year"), 0)
    assert [years[rows].tolist() for rows in parts.values()] == [
        [2003, 2001, 2005], [2009], [2007, 2006],
    ]  # fmt: skip


def test_folds_in_order_learn_only_from_what_was_before() -> None:
    years = np.random.default_rng(1).permutation(np.arange(2000, 2012))
    learnt, validated = [], []
    for fold in range(3):
        split = Split(Fold(fold, 3), order="year")
        parts = split_rows(RowFacts(12, order=years), split, fold)
        learnt.append(sorted(years[parts["train"]]))
        validated.append(sorted(years[parts["validation"]]))
    assert learnt == [[*range(2000, 2003)], [*range(2000, 2006)], [*range(2000, 2009)]]
    assert validated == [[*range(2003, 2006)], [*range(2006, 2009)], [*range(2009, 2012)]]


@pytest.mark.parametrize(
    ("facts", "split", "says"),
    [
        (RowFacts(4, groups=np.zeros(4, int)), Split(2, group="g"), "1 group of rows cannot be"),
        (RowFacts(4, groups=np.arange(4) % 2), Split(Fold(2, 3), group="g"), "2 groups of rows"),
        (
            RowFacts(6, np.array([0, 0, 0, 0, 1, 1])),
            Split(Fold(0, 3), stratify=True),
            "among 3 parts",
        ),
    ],
)
def test_rows_that_cannot_be_divided_so_are_refused(facts, split, says) -> None:
    with pytest.raises(DataError, match=says):
        split_rows(facts, split, 1)


def test_a_table_is_divided_by_a_column_that_is_no_feature(tmp_path) -> None:
    dates = [f"2024-01-{day:02}" for day in (5, 3, 1, 2, 4, 6)]
    lines = [f"{day},{i},{day[-2:]},{i % 2}" for i, day in enumerate(dates)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["when,x,who,y", *lines]))
    source = Component("csv", "sources", arguments={"path": str(path)})

    def load(features=None, **split):
        split = Split(validation=2, **split)
        dataset = Dataset(csv=source, target="y", features=features, split=split)
        return load_splits(dataset, seed=1)

    splits = load(order="when", group=None)
    assert splits.inputs["inputs"].features == ("x", "who")
    assert splits.validation.inputs["inputs"][:, 1].tolist() == [5, 6]
    assert load(group="when").inputs["inputs"].features == ("x", "who")
    for column, says in (("x", None), ("whn", "no column 'whn'"), ("y", "is predicted as well")):
        if says is None:
            assert load(features=("who",), order=column).validation.rows == 2
        else:
            with pytest.raises(DataError, match=says):
                load(order=column)
    path.write_text(path.read_text().replace("2024-01-03", "soon"))
    with pytest.raises(DataError, match="holds text that is no date, such as 'soon' in line 3"):
        load(order="when")
    path.write_text(path.read_text().replace("soon", ""))
    with pytest.raises(DataError, match=r"'when' .* 1 of 6 cells .* line 3"):
        load(group="when")
