"""The section of a config that regularizes the whole model."""
# ruff: noqa: RUF009 - `option` makes a dataclass field

from dataclasses import dataclass

from nnrun.config.kinds import Number, Text
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.options import option


@dataclass(frozen=True)
class Clip:
    """Limits on the gradients, applied by the optimizer."""

    norm: float | None = option(
        "Scale each weight's gradient down to this L2 norm (Keras's `clipnorm`).", Number(above=0.0)
    )
    global_norm: float | None = option(
        "Scale all gradients together down to this L2 norm (Keras's `global_clipnorm`).",
        Number(above=0.0),
    )
    value: float | None = option(
        "Clip every component of a gradient to between minus and plus this value (Keras's "
        "`clipvalue`).",
        Number(above=0.0),
    )


@dataclass(frozen=True)
class Regularization:
    """Regularization of the whole model, except for layers that set their own."""

    l1: float = option("L1 penalty on the kernel of every hidden layer.", Number(minimum=0.0), 0.0)
    l2: float = option("L2 penalty on the kernel of every hidden layer.", Number(minimum=0.0), 0.0)
    max_norm: float | None = option(
        "Largest L2 norm of the weights into each unit of a hidden layer (Keras's `MaxNorm`).",
        Number(above=0.0),
    )
    dropout: float = option(
        "The share of units dropped after every hidden layer.", Number(minimum=0.0, below=1.0), 0.0
    )
    batch_normalization: str | None = option(
        "Put BatchNormalization into every hidden layer, before or after its activation.",
        Text(choices=("before_activation", "after_activation")),
    )
    clip: Clip = option("Gradient clipping.", SectionOf(Clip), factory=Clip)
