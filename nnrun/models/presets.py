"""Whole architectures under one name, which expand into layers."""

from collections.abc import Sequence

from nnrun.config.components import Component
from nnrun.models.activation_names import is_rectifier, is_selu, name_of

__all__ = ["MLP"]


class MLP:
    """A multilayer perceptron whose output layer follows the task.

    The output is one linear unit per number for regression, one sigmoid unit for two classes, one
    softmax unit per class for more, one sigmoid unit per label for multilabel (Géron, Hands-On
    Machine Learning, chapter 10), and for an autoencoder one linear unit per number of its input.

    Args:
        hidden: List of integers, the units of each hidden layer; may be empty.
        activation: Activation of the hidden layers.
        kernel_initializer: Initializer of the hidden layers' kernels; null follows the activation:
            `he_normal` for ReLU and its kin, `lecun_normal` for SELU, else `glorot_uniform`
            (chapter 11).
        output_activation: Activation of the numbers that a regression or an autoencoder predicts:
            `softplus` or `relu` where they cannot be negative, `sigmoid` or `tanh` where they lie
            between 0 or -1 and 1, or `dataset.preprocess.target` has them do so.
    """

    def __init__(
        self,
        hidden: Sequence[int],
        activation: str | Component = "relu",
        kernel_initializer: str | Component | None = None,
        output_activation: str | Component | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.kernel_initializer = kernel_initializer or _initializer_for(activation)
        self.output_activation = output_activation

    def layers(
        self,
        *,
        units: int,
        ending: str,
        rank: int,
        shape: Sequence[int] = (),
    ) -> list[tuple[str, dict[str, object]]]:
        """The layers as (class name, arguments), from the first to the output.

        Args:
            units: Of the output layer, as the task has it.
            ending: Its activation; `output_activation` takes the place of `linear`.
            rank: Number of axes of an input row; more than one are flattened.
            shape: The shape of a row that an autoencoder gives back.
        """
        stack: list[tuple[str, dict[str, object]]] = [("Flatten", {})] if rank > 1 else []
        shared = {"activation": self.activation, "kernel_initializer": self.kernel_initializer}
        stack += [("Dense", {"units": units, **shared}) for units in self.hidden]
        if ending != "linear":
            return [*stack, ("Dense", {"units": units, "activation": ending})]
        own = {"activation": self.output_activation} if self.output_activation else {}
        stack.append(("Dense", {"units": units, **own}))
        if len(shape) > 1:
            stack.append(("Reshape", {"target_shape": list(shape)}))
        return stack


def _initializer_for(activation: str | Component) -> str:
    """The initializer that preserves the scale of signals with an activation."""
    name = name_of(activation)
    if is_selu(name):
        return "lecun_normal"
    return "he_normal" if is_rectifier(name) else "glorot_uniform"
