"""The lines of a script that read the rows of CSV files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.facts import class_numbers
from nnrun.config.roles import roles_of
from nnrun.config.tasks import SEVERAL_CLASSES
from nnrun.errors import UserError
from nnrun.export.script.expressions import (
    Atom,
    assign,
    call,
    dictionary,
    double_quoted,
    identifier,
    layout,
    literal,
    shown_path,
)
from nnrun.export.script.grouping import arrays_of, targets_of_rows
from nnrun.sources.finding import find_file
from nnrun.tasks.reading_targets import read_targets
from nnrun.tasks.target_cells import (
    NUMBERS,
    TEXT,
    TRUTH,
    TRUTH_VALUES,
    is_read_otherwise,
    kind_of_classes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.schema import Dataset
    from nnrun.experiments.prepared import Prepared
    from nnrun.export.script.expressions import Expression
    from nnrun.sources.table import TableSource
    from nnrun.tasks.targets import TargetSpec

NO_LINES = "the rows of this config cannot be read by a script without nnrun"


def table_lines(prepared: Prepared, source: TableSource) -> Iterator[str]:
    """Lines after which `X` and `y` hold the columns, and those of parts that are files theirs.

    Args:
        prepared: The experiment with its data.
        source: Where they come from.
    """
    table = _Table(prepared, source)
    files = {
        {"validation": "valid"}.get(part, part): double_quoted(shown_path(Path(path)))
        for part, path in table.dataset.split.files.items()
    }
    whole = double_quoted(shown_path(Path(table.source.name)))
    for name, numbers in table.labels.items():
        made = {cell: Atom(str(number)) for cell, number in numbers.items()}
        yield assign(table.labels_of(name), dictionary(made))
    reader, options = _call_of(table)
    named = {name: literal(value) for name, value in options.items()}
    arrays = arrays_of(prepared, table.inputs(), table.targets())
    weights = [*table.weights()]
    if table.dataset.weighting.validation:  # else the files of other parts need not have them
        arrays, weights = {**arrays, **dict(weights)}, []
    lines = [("rows", call(f"pd.{reader}", "path" if files else whole, **named)), *table.kept()]
    if not files:
        yield from (assign(name, value) for name, value in [*lines, *arrays.items(), *weights])
        return
    told = ", ".join(arrays)
    body = (assign(name, value, indent=4) for name, value in [*lines, *arrays.items()])
    yield "\n".join(["def read(path):", *body, f"    return {told}"])
    yield f"{told} = read({whole})"
    for part, path in files.items():
        yield f"{', '.join(f'{name}_{part}' for name in arrays)} = read({path})"
    if weights:
        lines[0] = ("rows", call(f"pd.{reader}", whole, **named))
        yield from (assign(name, value) for name, value in [*lines, *weights])


def _call_of(table: _Table) -> tuple[str, Mapping[str, Any]]:
    """The function of pandas that reads the source, and the files of parts as well.

    Raises:
        UserError: There is none.
    """
    files = [find_file(table.dataset, path) for path in table.dataset.split.files.values()]
    call_of_pandas = table.source.in_pandas([*table.texts, *table.targets_as_text()])
    if call_of_pandas is None or any(type(file) is not type(table.source) for file in files):
        raise UserError(NO_LINES)
    return call_of_pandas


@dataclass(frozen=True)
class _Table:
    """The columns of a file, as expressions of `rows`."""

    prepared: Prepared
    source: TableSource

    @property
    def dataset(self) -> Dataset:
        return self.prepared.experiment.dataset

    @cached_property
    def own(self) -> TargetSpec:
        """The config's own target with all its classes, also those that are left out."""
        frame = self.source.read(self.texts)
        return read_targets(frame, self.dataset.targets, SEVERAL_CLASSES.name).spec

    def targets_as_text(self) -> list[str]:
        """The targets that pandas is to take as text, since by itself it would read other values."""
        aims = roles_of(self.prepared.experiment).aims
        named = []
        for name, spec in targets_of_rows(self.prepared).items():
            values = {one.name: one.values for one in spec.columns if one.values}
            if spec.classes:
                is_own = aims[name].columns == self.dataset.targets
                classes = self.own.classes if is_own else spec.classes
                values = dict.fromkeys(aims[name].columns, classes)
            named += [
                column
                for column, cells in values.items()
                if (spec.cells or kind_of_classes(cells, "")) == TEXT and is_read_otherwise(cells)
            ]
        return list(dict.fromkeys(named))

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that are text, whatever stands in them."""
        inputs = self.prepared.splits.inputs.values()
        return tuple(dict.fromkeys(name for spec in inputs for name in spec.text))

    @cached_property
    def labels(self) -> Mapping[str, Mapping[Any, int]]:
        """The numbers of the classes by what stands in their cells, where that is not the number."""
        made = {}
        for name, spec in targets_of_rows(self.prepared).items():
            if spec.classes and not spec.positive:
                cells = [_cell(one, spec.cells) for one in spec.classes]
                if cells != list(range(len(cells))):
                    made[name] = {cell: number for number, cell in enumerate(cells)}
        return made

    def labels_of(self, name: str) -> str:
        """The variable that holds the numbers of a target's classes."""
        return f"labels_of_{identifier(name)}" if len(self.labels) > 1 else "labels"

    def kept(self) -> Iterator[tuple[str, Expression]]:
        """What `rows` are without the classes that are left out."""
        if self.dataset.classes is not None:
            own = self.own
            wanted = class_numbers(own.classes, self.dataset.classes)
            cells = layout(literal([_cell(own.classes[one], own.cells) for one in wanted]))
            yield "rows", Atom(f"rows[{_column(self.dataset.targets)}.isin({cells})]")

    def weights(self) -> Iterator[tuple[str, Expression]]:
        """What the rows weigh, where a column says so."""
        column = self.dataset.weighting.column
        if column is not None:
            yield "sample_weight", Atom(f'{_column([column])}.to_numpy("float32")')

    def inputs(self) -> dict[str, Expression]:
        """The inputs; the one input of all columns is all but the target's and the weights'."""
        splits = self.prepared.splits
        alone = len(splits.inputs) == len(splits.targets) == 1 and not self.texts
        if alone and self.dataset.features is None and self.dataset.targets:
            left_out = _names([*self.dataset.targets, *self.dataset.columns_aside.values()])
            (spec,) = splits.inputs.values()
            rest = Atom(f'rows.drop(columns={left_out}).to_numpy("{spec.dtype}")')
            return dict.fromkeys(splits.inputs, rest)
        return {
            name: Atom(
                f"rows[{layout(literal(list(spec.columns)))}]"
                f".to_numpy({double_quoted('str' if spec.text else spec.dtype)})"
            )
            for name, spec in splits.inputs.items()
        }

    def targets(self) -> dict[str, Expression]:
        """The targets that are columns."""
        aims = roles_of(self.prepared.experiment).aims
        return {
            name: Atom(self._target(name, spec, _column(aims[name].columns)))
            for name, spec in targets_of_rows(self.prepared).items()
        }

    def _target(self, name: str, spec: TargetSpec, column: str) -> str:
        if spec.positive:
            cell = literal(_cell(spec.positive, spec.cells))
            return f'({column} == {layout(cell)}).to_numpy("int32")'
        if spec.classes:
            numbers = f".map({self.labels_of(name)})" if name in self.labels else ""
            return f'{column}{numbers}.to_numpy("int32")'
        ones = [
            _cell(one.values[1], kind_of_classes(one.values, ""))
            for one in spec.columns
            if one.values
        ]
        if any(one not in (1, True) for one in ones):
            return f'({column} == {layout(literal(ones))}).to_numpy("float32")'
        return f'{column}.to_numpy("float32")'


def _column(names: Sequence[str]) -> str:
    return f"rows[{_names(names)}]"


def _names(names: Sequence[str]) -> str:
    return layout(literal(names[0] if len(names) == 1 else list(names)))


def _cell(name: str, kind: str) -> Any:
    """What stands in the cells of a class, as pandas reads a column of that kind.

    >>> _cell("3", NUMBERS), _cell("3", TEXT), _cell("True", TRUTH)
    (3, '3', True)
    """
    if kind == TRUTH:
        return name == TRUTH_VALUES[1]
    if kind != NUMBERS:
        return name
    number = float(name)
    return int(number) if number.is_integer() else number
