"""What the cells of a target mean: numbers, truth values, codes, or text; read from files."""

import doctest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.components import Component
from nnrun.config.roles import roles_of_dataset
from nnrun.config.schema import Dataset
from nnrun.config.split import Split
from nnrun.data.load import load_rows, load_splits
from nnrun.data.quality import inspect
from nnrun.data.signature import Signature
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import DataError
from nnrun.sources.csv import Csv
from nnrun.tasks import target_cells as labels
from nnrun.tasks.targets import TargetSpec
from tests.tables import read_table, read_table_like


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _write(cells, name="rows.csv", quote=""):
        lines = [f"{row},{quote}{cell}{quote}" for row, cell in enumerate(cells)]
        (tmp_path / name).write_text("\n".join(["a,y", *lines, ""]))
        return name

    return _write


def read(path, task="auto", **options):
    return read_table(Csv(path, **options), target="y", features=None, task=task)


def refusal(path, task="auto", **options):
    with pytest.raises(DataError) as caught:
        read(path, task, **options)
    return f"{caught.value.message}\n{caught.value.hint}"


PRICES = [str(1000 + 37 * row) for row in range(60)]
PLAIN = "Write plain numbers there, such as 1234.5, or leave out those rows"
CLASSES = "; if they are classes, write `task: multiclass`."


@pytest.mark.parametrize(
    "stray", ["?", "-", "<1.0", "$5", "1,234", "1234,56", "2024-05-06", "n.d."]
)
def test_one_stray_cell_makes_no_classes_of_numbers(write, stray):
    cells = [*PRICES[:40], stray, *PRICES[41:]]
    assert refusal(write(cells, quote='"')) == (
        f"the target 'y' of rows.csv holds text: '{stray}' in line 42; the other 59 cells are "
        f"numbers\n{PLAIN}{CLASSES}"
    )
    assert refusal("rows.csv", "regression") == (
        f"the target 'y' of rows.csv holds text: '{stray}' in line 42; the other 59 cells are "
        f"numbers\n{PLAIN}."
    )
    assert len(read("rows.csv", "multiclass").classes) == 60


def test_several_stray_cells_are_named_with_their_lines(write):
    cells = ["?", "x", *PRICES[2:40], "u", "v", "?"]
    assert "holds text: '?' in line 2, 'x' in line 3, 'u' in line 42 and 1 other text; the " in (
        refusal(write(cells))
    )
    assert "'?' in line 2 and 'x' in line 3; the other 38" in refusal(write(cells[:40]))


def test_few_numbers_beside_text_are_classes(write):
    assert read(write(["1", "E10", "E11"] * 20)).classes == ("1", "E10", "E11")
    assert "'?' in line 3" in refusal(write(["1", "?", "2", "1"] * 15))


def test_decimal_commas_get_the_line_to_write(write):
    cells = [cell[:2] + "," + cell[2:] for cell in PRICES]
    said = refusal(write(cells, quote='"'))
    assert said == (
        "the target 'y' of rows.csv is written with decimal commas, such as '10,00' in line 2\n"
        'Write `csv: {path: rows.csv, separator: ",", decimal: ","}`' + CLASSES
    )
    table = read("rows.csv", decimal=",")
    assert table.task == "regression"
    assert table.targets[:2].tolist() == [[10.0], [np.float32(10.37)]]
    assert (
        "leave `decimal` out" in refusal(write([f"{i}.5" for i in range(60)]), decimal=",").lower()
    )


def test_groups_of_thousands_are_not_taken_for_decimal_commas_without_a_word(write):
    assert refusal(write([f"{row},125" for row in range(1, 61)], quote='"')).endswith(
        'If they are decimal commas, write `csv: {path: rows.csv, separator: ",", decimal: ","}`; if '
        "they group thousands, leave them out" + CLASSES
    )


def test_money_percentages_and_dates_are_no_classes(write):
    assert "'$1' in line 2, '$2' in line 3, '$3' in line 4; they seem to be meant as numbers" in (
        refusal(write(["$1", "$2", "$3"] * 10)).replace(" and '$3'", ", '$3'")
    )
    assert "meant as numbers" in refusal(write(["5%", "10 %"] * 10))
    dates = [f"2024-01-{day:02}" for day in range(1, 31)]
    assert "holds dates, such as '2024-01-01' in line 2" in refusal(write(dates))


def test_text_with_nearly_as_many_values_as_rows_is_refused(write):
    names = [f"n{row}" for row in range(12)]
    assert refusal(write(names)) == (
        "the target 'y' of rows.csv holds 12 different texts in 12 rows: 'n0' in line 2, 'n1' in "
        "line 3, 'n2' in line 4 and 9 other texts\n"
        "Name a column of numbers, or of classes with several rows each" + CLASSES
    )
    assert len(read(write(names[:6] * 2)).classes) == 6
    assert len(read(write(names[:7] * 2)).classes) == 7
    assert "7 different texts in 13 rows" in refusal(write((names[:7] * 2)[:13]))
    codes = [f"{row:04}" for row in range(12)]
    assert "holds 12 different codes with leading zeros in 12 rows" in refusal(write(codes))
    assert read("rows.csv", "regression").targets[-1].tolist() == [11.0]


def test_a_cell_with_a_leading_zero_is_a_code(write):
    table = read(write(["01", "1", "02"] * 20))
    assert (table.classes, table.target.cells) == (("01", "02", "1"), labels.TEXT)
    assert table.targets[:3].tolist() == [0, 2, 1]
    assert read(write(["0", "1", "0.5", "00.5"] * 5)).task == "regression"
    assert read(write(["00", "01"] * 5)).classes == ("00", "01")
    assert read(write([*["01", "1", "02"] * 20, "E10"])).classes == ("01", "02", "1", "E10")


def test_large_whole_numbers_are_classes_of_their_own(write):
    assert read(write(["9007199254740993", "9007199254740992"] * 3)).classes == (
        "9007199254740992",
        "9007199254740993",
    )


@given(st.lists(st.integers(0, 19), min_size=2, max_size=40))
def test_numbers_keep_their_classes_however_they_are_written(numbers):
    assert labels.kind_of(map(str, numbers)) == labels.NUMBERS
    for form in ("{}", "{}.0", "+{}", " {} ", "{}e0"):
        written = [labels.class_name(form.format(number), labels.NUMBERS) for number in numbers]
        assert written == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("first", "further", "numbers"),
    [
        (["1", "2", "2"], ["2.0", "1", "02"], [1, 0, 1]),
        (["True", "False", "True"], ["TRUE", "false", "True"], [1, 0, 1]),
        (["1", "E10", "10"], ["10", "1", "1"], [1, 0, 0]),
        (["01", "1", "E2"], ["01", "1", "1"], [0, 1, 1]),
        (["None", "mild", "severe"], ["None", "None", "mild"], [0, 0, 1]),
    ],
)  # fmt: skip
def test_the_first_file_says_what_the_cells_of_later_ones_mean(write, first, further, numbers):
    table = read(write(first * 2), "multiclass")
    assert read_table_like(Csv(write(further, "more.csv")), table, target="y").targets.tolist() == (
        numbers
    )


@pytest.mark.parametrize(
    ("first", "further", "unknown"),
    [
        (["1", "2", "2"], ["1", "E10"], "E10"),
        (["10", "11", "E10"], ["10", "10.0"], "10.0"),
        (["01", "1", "2"], ["01", "001"], "001"),
        (["True", "False", "True"], ["True", "maybe"], "maybe"),
    ],
)
def test_a_cell_that_means_no_known_class_is_named(write, first, further, unknown):
    table = read(write(first * 2), "multiclass")
    more = Csv(write(further, "more.csv"))
    with pytest.raises(DataError, match=f"line 3 of more.csv has the class '{unknown}' in 'y'"):
        read_table_like(more, table, target="y")


def test_words_for_missing_are_classes_beside_other_texts_only(write):
    table = read(write(["None", "mild", "severe", "NA"] * 5))
    assert table.classes == ("NA", "None", "mild", "severe")
    assert len(table.notes) == 2
    assert table.notes[0].startswith("'NA' is taken for a class of the target 'y' (5 rows)")
    assert refusal(write(["None", "mild"] * 5)) == (
        "the target 'y' of rows.csv has 5 of 10 cells that count as missing, the first 'None' in "
        "line 2\nFill them, or leave out those rows; if 'None' is a class, give it another name."
    )
    assert refusal(write(["a", "", "b", "NA"] * 5)) == (
        "the target 'y' of rows.csv has 5 of 20 cells that count as missing, the first, an empty "
        "one, in line 3\nFill them, or leave out those rows."
    )
    assert "the first 'NA' in line 2" in refusal(write(["NA", "1", "2"] * 5))


def test_the_words_for_missing_are_those_of_pandas(write):
    words = [word for word in labels.MISSING_WORDS if "," not in word]
    frame = pd.read_csv(write([*words, "x"]))
    assert frame["y"].isna().sum() == len(words)


def test_the_number_of_classes_taken_for_whole_numbers_is_told(write):
    dataset = Dataset(csv=Component("csv", "sources", None, {"path": "rows.csv"}), target="y")
    write(["3", "5", "9"] * 5)
    assert inspect(load_splits(dataset, seed=1), Transforms())[0] == (
        "the target 'y' is taken for 3 classes, since it holds whole numbers of few values (3 to 9); "
        "to predict them as numbers, write `task: regression`"
    )
    assert read("rows.csv", "multiclass").notes == ()
    assert read(write(["0", "1"] * 5)).notes == ()


@pytest.mark.parametrize(("chosen", "cell", "number"), [
    ({"positive": "1"}, "1", 1),
    ({"positive": "1"}, "01", 0),
    ({"positive": "01"}, "01", 1),
    ({"classes": ("1", "2")}, "1", 0),
])  # fmt: skip
def test_a_choice_of_codes_keeps_their_meaning_in_new_files(write, chosen, cell, number):
    csv = Component("csv", "sources", None, {"path": write(["01", "1", "2"] * 5)})
    dataset = Dataset(csv=csv, target="y", split=Split(validation=2), **chosen)
    signature = Signature.of(load_splits(dataset, seed=1), Transforms())
    signature = Signature.from_json(signature.to_json(), ())
    rows = load_rows(dataset, signature, write([cell], "new.csv"))
    assert rows.targets["targets"].tolist() == [number]


def test_runs_that_do_not_say_what_their_cells_hold_read_numbers_as_before(write):
    dataset = Dataset(csv=Component("csv", "sources", None, {"path": "rows.csv"}), target="y")
    write(["1", "2"] * 5)
    splits = load_splits(dataset, seed=1)
    told = Signature.of(splits, Transforms()).to_json()
    del told["targets"]["targets"]["cells"]
    old = Signature.from_json(told, ())
    assert old.targets["targets"] == TargetSpec("binary", ("1", "2"))
    rows = load_rows(dataset, old, write(["02", "1.0"], "new.csv"))
    assert rows.targets["targets"].tolist() == [1, 0]


def test_a_target_of_an_earlier_run_is_read_for_what_it_was(write):
    write([*PRICES[:40], "?", *PRICES[41:]])
    csv = Component("csv", "sources", None, {"path": "rows.csv"})
    told = Signature.of(
        load_splits(Dataset(csv=csv, target="y", task="multiclass"), seed=1), Transforms()
    )
    dataset = Dataset(csv=csv, target="y")
    with pytest.raises(DataError, match=r"holds text: '\?' in line 42"):
        load_splits(dataset, seed=1)
    splits = load_splits(dataset, seed=1, roles=told.as_before(roles_of_dataset(dataset), dataset))
    assert splits.targets == told.targets


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (
            ["1.5", "?", "2.5", "3"],
            "holds text: '?' in line 3; the other 3 cells are numbers\n"
            f"{PLAIN}; or leave the column out of dataset.features.",
        ),
        (
            ["1,5", "2,25", "3", "4"],
            "is written with decimal commas, such as '1,5' in line 2\n"
            'Write `csv: {path: rows.csv, separator: ";", decimal: ","}`; or leave the column out of '
            "dataset.features.",
        ),
        (
            ["1.2.24", "3.12.24", "4.5.24"],
            "holds dates, such as '1.2.24' in line 2\nMake numbers of them, such as the days since the "
            "first; or leave the column out of dataset.features.",
        ),
    ],
)
def test_features_that_are_meant_as_numbers_are_told_so(cells, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = "".join(f"{cell};{row}.5\n" for row, cell in enumerate(cells))
    (tmp_path / "rows.csv").write_text("b;y\n" + lines)
    assert refusal("rows.csv", separator=";") == f"the column 'b' of rows.csv {says}"


def test_examples_in_docstrings_hold():
    assert doctest.testmod(labels).failed == 0
