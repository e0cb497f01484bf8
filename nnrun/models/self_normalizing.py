"""The conditions for self-normalization with SELU, and which of them a config violates.

G. Klambauer et al., "Self-normalizing neural networks" (arXiv:1706.02515); Géron, Hands-On Machine
Learning, chapter 11.
"""

from collections.abc import Iterator, Sequence

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.errors import Place, Problem
from nnrun.models.activation_names import activation_of, is_selu, name_of

_LECUN = {"lecunnormal", "lecununiform"}
_HARMFUL = {
    "BatchNormalization": "leave it out: SELU normalizes by itself",
    "Dropout": "use AlphaDropout, which keeps mean and variance",
    "LayerNormalization": "leave it out: SELU normalizes by itself",
}
"""Layers that take a network of SELU layers out of balance, with what to do about each."""
_PENALTIES = ("kernel_regularizer", "kernel_constraint")


def doubts_about_selu(
    lines: Sequence[Sequence[Component]], experiment: Experiment
) -> Iterator[Problem]:
    """A doubt for each violated condition of self-normalization, if SELU is used at all.

    Args:
        lines: Layers that follow each other, with what `regularization` adds: the one line of a
            list, or the branches of a graph.
        experiment: The config that they come from.
    """
    selu = [layer for line in lines for layer in _kernels_before_selu(line)]
    if not selu:
        return
    layers = [layer for line in lines for layer in line]
    yield from _about_inputs(selu[0], experiment)
    for found in (_about_initializer(selu), _about_penalties(selu), _about_other_layers(layers)):
        if found is not None:
            yield found


def _kernels_before_selu(layers: Sequence[Component]) -> Iterator[Component]:
    """The layers whose outputs go through SELU, as their own activation or a layer after them."""
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        own = activation_of(layer)
        if layer.name == "Activation":
            continue
        behind = after.name == "Activation" and activation_of(after) if after else ""
        if is_selu(own) or (own in {"", "linear"} and behind and is_selu(behind)):
            yield layer


def _about_inputs(first: Component, experiment: Experiment) -> Iterator[Problem]:
    preprocess = experiment.dataset.preprocess
    if preprocess.standardize or any(layer in first.name for layer in ("Embedding", "Norm")):
        return
    place = experiment.place_of("dataset.preprocess")
    hint = "set `dataset: {preprocess: {standardize: true}}`"
    yield _doubt("SELU wants standardized inputs", place, "dataset.preprocess", hint)


def _about_initializer(selu: Sequence[Component]) -> Problem | None:
    for layer in selu:
        name = name_of(layer.arguments.get("kernel_initializer", "glorot_uniform"))
        if name not in _LECUN and not layer.is_users_own:
            message = "SELU wants kernels drawn by lecun_normal, not by "
            message += name if "kernel_initializer" in layer.arguments else "Keras's glorot_uniform"
            hint = f"write `{layer.name}: {{…, kernel_initializer: lecun_normal}}`"
            return _doubt(message, layer.place, layer.path, hint)
    return None


def _about_penalties(selu: Sequence[Component]) -> Problem | None:
    for layer in selu:
        for argument in _PENALTIES:
            if layer.arguments.get(argument) is not None:
                message = f"the {argument} of a SELU layer stops it from normalizing itself"
                return _doubt(message, layer.place, layer.path, "leave it out")
    return None


def _about_other_layers(layers: Sequence[Component]) -> Problem | None:
    for layer in layers:
        if layer.name in _HARMFUL:
            message = f"{layer.name} stops layers of SELU from normalizing themselves"
            return _doubt(message, layer.place, layer.path, _HARMFUL[layer.name])
    return None


def _doubt(message: str, place: Place | None, path: str, hint: str) -> Problem:
    return Problem(message, place, path, hint, severity="warning")
