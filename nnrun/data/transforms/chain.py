"""The transforms of an experiment, fitted and applied one after the other.

Each learns from the training rows as the transforms before it leave them. Those that change rows do
so once, before the training, and come in front of the saved model; the others are layers of the
model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from nnrun.data.transforms.transform import Fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nnrun.data.splits import Arrays, InputSpec, Part, Splits
    from nnrun.data.statistics import Statistics
    from nnrun.data.transforms.transform import Transform
    from nnrun.tasks.targets import TargetSpec


Kind = TypeVar("Kind", bound=Fitted)


@dataclass(frozen=True)
class Transforms:
    """The fitted transforms, in order."""

    fitted: tuple[Fitted, ...] = ()

    def __iter__(self) -> Iterator[Fitted]:
        return iter(self.fitted)

    def of(self, kind: type[Kind]) -> Kind | None:
        """The fitted transform of a type; None if there is none."""
        return next((one for one in self.fitted if isinstance(one, kind)), None)

    def named(self, name: str) -> Fitted | None:
        """The fitted transform of that name; None if there is none."""
        return next((one for one in self.fitted if one.name == name), None)

    @property
    def arguments(self) -> dict[str, Mapping[str, Any]]:
        """What layers have learnt: arguments, by the layer's path in the config."""
        return {path: learnt for one in self.fitted for path, learnt in one.arguments.items()}

    def layers_within(self, name: str, spec: InputSpec, *, prefix: str = "") -> list[Any]:
        """The Keras layers that a model begins with; see `Fitted.layers`."""
        return self._layers(name, spec, prefix, in_front=False)

    def layers_in_front(self, name: str, spec: InputSpec) -> list[Any]:
        """The Keras layers that turn raw rows into the model's input; see `Fitted.layers`.

        None if a transform of this input has no layers.
        """
        if not all(one.has_layers(name) for one in self._placed(in_front=True)):
            return []
        return self._layers(name, spec, "", in_front=True)

    def _layers(self, name: str, spec: InputSpec, prefix: str, *, in_front: bool) -> list[Any]:
        return [
            layer
            for fitted in self._placed(in_front=in_front)
            for layer in fitted.layers(name, spec, prefix=prefix)
        ]

    def before(self, inputs: Mapping[str, InputSpec]) -> Mapping[str, InputSpec]:
        """The inputs of a model as they are read, before the transforms.

        Raises:
            KeyError, ValueError: These transforms do not produce such inputs.
        """
        for fitted in reversed(self.fitted):
            inputs = fitted.before(inputs)
        return inputs

    def of_inputs(self, inputs: Iterable[str]) -> Transforms:
        """The transforms of inputs only, for another model with these input names."""
        of_inputs = (one.renamed(tuple(inputs)) for one in self.fitted)
        return Transforms(tuple(one for one in of_inputs if one is not None))

    def statistics(self, name: str, statistics: Statistics) -> Statistics:
        """The statistics of an input's rows, as the first declared layer receives them.

        Args:
            name: The input.
            statistics: Those of the rows that the model takes.
        """
        for one in self.fitted:
            statistics = one.statistics(name, statistics)
        return statistics

    def turned(self, rows: Arrays) -> Arrays:
        """Raw rows, transformed to what the model takes."""
        return self._applied(rows, in_front=True)

    def within(self, rows: Arrays) -> Arrays:
        """Rows that the model takes, transformed to what its first declared layers receive."""
        return self._applied(rows, in_front=False)

    def _applied(self, rows: Arrays, *, in_front: bool) -> Arrays:
        for fitted in self._placed(in_front=in_front):
            rows = fitted.apply(rows)
        return rows

    def _placed(self, *, in_front: bool) -> Iterator[Fitted]:
        """The transforms in front of the model, or those within it."""
        return (fitted for fitted in self.fitted if fitted.turns_rows == in_front)

    def targets(self, targets: Mapping[str, TargetSpec]) -> Mapping[str, TargetSpec]:
        """The targets, with the learnt scales."""
        for one in self.fitted:
            targets = one.targets(targets)
        return targets

    def part(self, part: Part, targets: Mapping[str, TargetSpec]) -> Part:
        """Raw rows, transformed to what the model takes, with an autoencoder's targets."""
        inputs = self.turned(part.inputs)
        read = {name: rows for name, rows in part.inputs.items() if inputs[name] is not rows}
        part = replace(part, inputs=inputs, read={**read, **part.read})
        own = {name: target.input for name, target in targets.items() if target.input}
        if not own:
            return part
        reconstructions = {name: self.within({of: inputs[of]})[of] for name, of in own.items()}
        return replace(
            part, targets={name: {**part.targets, **reconstructions}[name] for name in targets}
        )

    def splits(self, splits: Splits) -> Splits:
        """A raw data set, transformed for training."""
        parts = {name: self.part(part, splits.targets) for name, part in splits.parts.items()}
        rows = parts["train"].inputs
        return replace(
            splits,
            inputs={
                name: spec if name not in parts["train"].read else _spec_of(spec, rows[name])
                for name, spec in splits.inputs.items()
            },
            targets=self.targets(splits.targets),
            train=parts["train"],
            validation=parts.get("validation"),
            test=parts.get("test"),
        )

    def to_json(self) -> list[dict[str, Any]]:
        """What each has learnt, by name."""
        return [{one.name: one.to_json()} for one in self.fitted]


def _spec_of(spec: InputSpec, rows: Any) -> InputSpec:
    return replace(spec, shape=rows.shape[1:], dtype=rows.dtype.name)


def fit(
    declared: Sequence[Transform], splits: Splits, kept: Transforms
) -> tuple[Splits, Transforms]:
    """Fit transforms to the training rows, and apply them to a data set.

    Args:
        declared: The transforms, in order.
        splits: The raw data.
        kept: Transforms already fitted, which are not fitted again.
    """
    fitted, seen = Transforms(), splits
    for transform in declared:
        learnt = kept.named(transform.name) or transform.fit(seen, fitted.fitted)
        fitted = Transforms((*fitted, learnt))
        if learnt.turns_rows:
            seen = Transforms((learnt,)).splits(seen)
    return Transforms(tuple(one for one in fitted if not one.turns_rows)).splits(seen), fitted


def restore(
    declared: Sequence[Transform],
    learnt: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, InputSpec],
    targets: Mapping[str, TargetSpec],
) -> Transforms:
    """Read the output of `Transforms.to_json`.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: It does not belong to these transforms.
    """
    by_name = {name: value for one in learnt for name, value in one.items()}
    if [*by_name] != [one.name for one in declared] or len(by_name) != len(learnt):
        raise ValueError("other transforms than those of the config")
    return Transforms(tuple(one.restore(by_name[one.name], inputs, targets) for one in declared))
