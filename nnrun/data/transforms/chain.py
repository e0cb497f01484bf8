"""What is learnt from the training rows before the first step: transforms, one after the other.

Each learns from what those before it make of the training rows. Those that turn rows do so once,
before the training, and stand in front of the saved model; the others are layers of the model.
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
    """What all transforms have learnt, in their order."""

    fitted: tuple[Fitted, ...] = ()

    def __iter__(self) -> Iterator[Fitted]:
        return iter(self.fitted)

    def of(self, kind: type[Kind]) -> Kind | None:
        """What the transform of a kind has learnt; None where there is none."""
        return next((one for one in self.fitted if isinstance(one, kind)), None)

    def named(self, name: str) -> Fitted | None:
        """What the transform of that name has learnt; None where there is none."""
        return next((one for one in self.fitted if one.name == name), None)

    @property
    def arguments(self) -> dict[str, Mapping[str, Any]]:
        """What layers of the config have learnt: arguments by the layer's path."""
        return {path: learnt for one in self.fitted for path, learnt in one.arguments.items()}

    def layers_within(self, name: str, spec: InputSpec, *, prefix: str = "") -> list[Any]:
        """The Keras layers with which a model begins; see `Fitted.layers`."""
        return self._layers(name, spec, prefix, in_front=False)

    def layers_in_front(self, name: str, spec: InputSpec) -> list[Any]:
        """The Keras layers that turn what is read into what a model takes; see `Fitted.layers`.

        None where one of those that turn the input's rows has no layers.
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
        """What the inputs of a model are as they are read.

        Raises:
            KeyError, ValueError: They are not what these transforms make.
        """
        for fitted in reversed(self.fitted):
            inputs = fitted.before(inputs)
        return inputs

    def of_inputs(self, inputs: Iterable[str]) -> Transforms:
        """Those of the inputs of a model, for another model whose inputs are called so."""
        of_inputs = (one.renamed(tuple(inputs)) for one in self.fitted)
        return Transforms(tuple(one for one in of_inputs if one is not None))

    def statistics(self, name: str, statistics: Statistics) -> Statistics:
        """The statistics of an input's rows, as the first declared layer of the model meets them.

        Args:
            name: The input.
            statistics: Those of its rows as the model takes them.
        """
        for one in self.fitted:
            statistics = one.statistics(name, statistics)
        return statistics

    def turned(self, rows: Arrays) -> Arrays:
        """Rows of inputs as they were read, as the model takes them."""
        return self._applied(rows, in_front=True)

    def within(self, rows: Arrays) -> Arrays:
        """Rows of inputs as the model takes them, as its first declared layers see them."""
        return self._applied(rows, in_front=False)

    def _applied(self, rows: Arrays, *, in_front: bool) -> Arrays:
        for fitted in self._placed(in_front=in_front):
            rows = fitted.apply(rows)
        return rows

    def _placed(self, *, in_front: bool) -> Iterator[Fitted]:
        """Those that turn rows in front of the model, or those that are part of it."""
        return (fitted for fitted in self.fitted if fitted.turns_rows == in_front)

    def targets(self, targets: Mapping[str, TargetSpec]) -> Mapping[str, TargetSpec]:
        """The targets, with what was learnt of them."""
        for one in self.fitted:
            targets = one.targets(targets)
        return targets

    def part(self, part: Part, targets: Mapping[str, TargetSpec]) -> Part:
        """Rows as they were read, as the model takes them, and what an autoencoder is to give back."""
        inputs = self.turned(part.inputs)
        read = {name: rows for name, rows in part.inputs.items() if inputs[name] is not rows}
        part = replace(part, inputs=inputs, read={**read, **part.read})
        own = {name: target.input for name, target in targets.items() if target.input}
        if not own:
            return part
        made = {name: self.within({of: inputs[of]})[of] for name, of in own.items()}
        return replace(part, targets={name: {**part.targets, **made}[name] for name in targets})

    def splits(self, splits: Splits) -> Splits:
        """A data set as it was read, as a model is trained on it."""
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
        """What each has learnt, by its name."""
        return [{one.name: one.to_json()} for one in self.fitted]


def _spec_of(spec: InputSpec, rows: Any) -> InputSpec:
    return replace(spec, shape=rows.shape[1:], dtype=rows.dtype.name)


def fit(
    declared: Sequence[Transform], splits: Splits, kept: Transforms
) -> tuple[Splits, Transforms]:
    """What transforms learn from the training rows, and a data set as a model is trained on it.

    Args:
        declared: The transforms, in their order.
        splits: The data as they were read.
        kept: What some of them have learnt before, which they do not learn again.
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
    """Read what `Transforms.to_json` gave.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: It is not what these transforms learn.
    """
    by_name = {name: value for one in learnt for name, value in one.items()}
    if [*by_name] != [one.name for one in declared] or len(by_name) != len(learnt):
        raise ValueError("other transforms than those of the config")
    return Transforms(tuple(one.restore(by_name[one.name], inputs, targets) for one in declared))
