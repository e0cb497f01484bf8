"""The lines of a script that scale labels for the loss (`dataset.preprocess.target`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.label_scales import MINMAX, STANDARDIZE
from nnrun.export.script.expressions import Expression, call, identifier, literal
from nnrun.export.script.grouping import labels_in
from nnrun.export.script.preprocessing_lines import exact_dtype
from nnrun.models.layers import OWN_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.experiments.prepared import Prepared

_SCALED = '''\
def scaled(loss, scale, offset):
    """A loss that sees labels and predictions scaled, while both are in their own units."""
    plain = keras.losses.get(loss)

    def scaled_loss(y_true, y_pred):
        return plain((y_true - offset) / scale, (y_pred - offset) / scale)

    return scaled_loss'''


def label_lines(prepared: Prepared) -> Iterator[str]:
    """Lines that measure the training labels, and define a function that scales a loss."""
    targets = prepared.splits.targets
    for name, target in targets.items():
        if not target.scale:
            continue
        scale, offset = _variables(prepared, name)
        labels, axis = labels_in(prepared, "train", name), "axis=0" if target.width > 1 else ""
        least, most = f"{labels}.min({axis})", f"{labels}.max({axis})"
        how = prepared.experiment.dataset.preprocess.target
        if how == STANDARDIZE:
            yield f"{offset}, {scale} = {labels}.mean({axis}), {labels}.std({axis})"
        else:
            yield f"{offset} = {least if how == MINMAX else f'({least} + {most}) / 2'}"
            yield f"{scale} = {most} - {offset}"
        rows = prepared.splits.train.targets[name]
        if (rows.min(axis=0) == rows.max(axis=0)).any():
            yield f"{scale} = np.where(np.ptp({labels}, axis=0) > 0, {scale}, 1)"
    if any(target.scale for target in targets.values()):
        yield _SCALED


def own_units(prepared: Prepared, name: str) -> list[Expression]:
    """The layer that returns an output to its labels' own units; none if they aren't scaled."""
    if not prepared.splits.targets[name].scale:
        return []
    # Beside layers that were taken over, which may have the name that Keras would give.
    taken = prepared.experiment.outline.base is not None
    named = {"name": literal(OWN_UNITS)} if taken else {}
    variables, exact = _variables(prepared, name), exact_dtype(prepared)
    return [call("keras.layers.Rescaling", *variables, **named, **exact)]


def scaled_loss_call(prepared: Prepared, name: str, loss: Expression) -> Expression:
    """A loss that sees the labels of a target scaled, if the config asks for it."""
    if not prepared.splits.targets[name].scale:
        return loss
    return call("scaled", loss, *_variables(prepared, name))


def _variables(prepared: Prepared, name: str) -> tuple[str, str]:
    """The variables with the scale and the offset of a target."""
    of = f"_of_{identifier(name)}" if len(prepared.splits.targets) > 1 else ""
    return f"scale{of}", f"offset{of}"
