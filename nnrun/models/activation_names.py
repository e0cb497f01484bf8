"""The kind of an activation, however its name is written."""

from nnrun.config.components import Component

_RECTIFIERS = {
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardshrink",
    "hardsilu",
    "hardswish",
    "leakyrelu",
    "mish",
    "noisyrelu",
    "prelu",
    "relu",
    "relu6",
    "silu",
    "softplus",
    "squareplus",
    "sparseplus",
    "swish",
    "thresholdedrelu",
}
"""ReLU and its kin: about linear for large inputs, about 0 for small ones."""


def name_of(activation: object) -> str:
    """The name of an activation in lower case and without underscores; empty where there is none.

    >>> name_of("leaky_relu"), name_of(None)
    ('leakyrelu', '')
    """
    name = activation.name if isinstance(activation, Component) else activation
    return name.replace("_", "").casefold() if isinstance(name, str) else ""


def activation_of(layer: Component) -> str:
    """The name of what a layer's outputs go through at its end; empty where it names none."""
    if layer.name == "Activation" or "activation" in layer.arguments:
        return name_of(layer.arguments.get("activation"))
    return ""


def is_rectifier(name: str) -> bool:
    """Whether kernels before this activation are initialized as by He et al. (2015)."""
    return name in _RECTIFIERS


def is_selu(name: str) -> bool:
    """Whether this is the scaled exponential linear unit."""
    return name == "selu"
