"""The health of layers, by their gradients and activations: vanishing, exploding, dying."""

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence

from nnrun.analysis.findings import Finding
from nnrun.runs.history import History

_VANISHING = 1000.0
"""How many times smaller the first layer's gradients are than the last one's."""
_EXPLODING = 10.0
"""How many times as large as its weights a layer's gradient is."""
_DYING = 0.5
"""The share of a layer's ReLUs that no row of the batch makes positive."""

GRADIENT, WEIGHT, SIZE, DEAD = "gradient_norm", "weight_norm", "parameters", "dead"
"""Figures of a layer that the rules read, as the columns `LAYER/FIGURE` of `monitor.csv`."""


@dataclasses.dataclass(frozen=True)
class LayerHealth:
    """Typical measurements of a layer, from the last third of all measurements.

    Attributes:
        name: The layer's.
        gradient_norm: Of the loss by the layer's weights; NaN where it has none.
        weight_norm: Of these weights; NaN likewise.
        parameters: How many they are.
        dead: The share of its units that are 0 for every row of the batch, at the last measurement;
            NaN where they are no ReLUs.
    """

    name: str
    gradient_norm: float
    weight_norm: float
    parameters: int
    dead: float

    @property
    def typical_gradient(self) -> float:
        """The root mean square over the layer's weights."""
        return self.gradient_norm / math.sqrt(self.parameters) if self.parameters else math.nan


def read_layers(monitored: History) -> list[LayerHealth]:
    """The layers of a `monitor.csv`, in the model's order."""
    names = dict.fromkeys(
        name.rpartition("/")[0] for name in monitored.columns if name.endswith(f"/{WEIGHT}")
    )
    names |= dict.fromkeys(
        name.rpartition("/")[0] for name in monitored.columns if name.endswith(f"/{DEAD}")
    )
    late = monitored.rows[-max(1, len(monitored) // 3) :]
    return [_health(name, late) for name in names] if late else []


def _health(name: str, rows: Sequence[Mapping[str, float]]) -> LayerHealth:
    def typical(figure: str) -> float:
        values = [row[f"{name}/{figure}"] for row in rows if f"{name}/{figure}" in row]
        return statistics.median(values) if values else math.nan

    parameters = typical(SIZE)
    return LayerHealth(
        name,
        typical(GRADIENT),
        typical(WEIGHT),
        0 if math.isnan(parameters) else int(parameters),
        rows[-1].get(f"{name}/{DEAD}", math.nan),
    )


def diagnose_layers(layers: Sequence[LayerHealth]) -> list[Finding]:
    """What is wrong with the layers; at most one finding of each kind."""
    found = (_dying(layers), _exploding(layers), _vanishing(layers))
    return [finding for finding in found if finding is not None]


def _dying(layers: Sequence[LayerHealth]) -> Finding | None:
    dying = [layer for layer in layers if layer.dead >= _DYING]
    if not dying:
        return None
    shares = ", ".join(f"{100 * layer.dead:.0f} % of {layer.name!r}" for layer in dying[:3])
    return Finding(
        "dying",
        f"ReLUs have died, {shares}: no row of the batch makes them positive, and they learn no more.",
        "Try a lower learning rate, activation: leaky_relu or elu, kernel_initializer: he_normal.",
    )


def _exploding(layers: Sequence[LayerHealth]) -> Finding | None:
    large = [layer for layer in layers if layer.gradient_norm > _EXPLODING * layer.weight_norm > 0]
    if not large:
        return None
    worst = max(large, key=lambda layer: layer.gradient_norm / layer.weight_norm)
    return Finding(
        "exploding",
        f"The gradients explode: that of {worst.name!r} is {worst.gradient_norm:.3g} long, "
        f"{worst.gradient_norm / worst.weight_norm:.0f} times its weights.",
        "Try regularization.clip: {norm: 1.0}, a lower learning rate, or targets and features of "
        "like units (dataset.preprocess).",
    )


def _vanishing(layers: Sequence[LayerHealth]) -> Finding | None:
    """Vanishing gradients, unless dead units already explain them."""
    trained = [layer for layer in layers if layer.parameters and layer.typical_gradient >= 0]
    if len(trained) < 3 or _dying(layers):  # noqa: PLR2004 - of two layers nothing gets lost
        return None
    first, last = trained[0], trained[-1]
    if last.typical_gradient == 0 or first.typical_gradient * _VANISHING > last.typical_gradient:
        return None
    ratio = last.typical_gradient / max(first.typical_gradient, 1e-30)
    return Finding(
        "vanishing",
        f"The gradients vanish: those of {first.name!r} are {_times(ratio)} smaller than those of "
        f"{last.name!r}.",
        "Try activation: relu with kernel_initializer: he_normal, "
        "regularization.batch_normalization, or fewer layers.",
    )


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio < 1e6 else f"{ratio:.0e} times"  # noqa: PLR2004
