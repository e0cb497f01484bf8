"""The transforms that an experiment declares, in the order in which they are fitted and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.adapting_layers import adapts
from nnrun.config.text_layers import text_embeddings, text_layers
from nnrun.data.transforms.adapted_layers import AdaptLayers
from nnrun.data.transforms.own_transforms import own_transforms
from nnrun.data.transforms.scaled_labels import ScaleLabels
from nnrun.data.transforms.scaling import ScaleInputs
from nnrun.data.transforms.text import ReadText

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Splits
    from nnrun.data.transforms.adapted_layers import Learnt
    from nnrun.data.transforms.transform import Fitted, Transform


def declared_transforms(
    experiment: Experiment,
    adapt: Callable[[Splits, Sequence[Fitted]], Learnt] | None = None,
) -> list[Transform]:
    """The transforms that an experiment declares.

    Args:
        experiment: The checked config.
        adapt: Adapts layers of the model; not needed to restore what they have learnt.
    """
    preprocess, outline = experiment.dataset.preprocess, experiment.outline
    transforms: list[Transform] = []
    if readers := text_layers(outline):
        embeddings = tuple(text_embeddings(outline))
        transforms.append(ReadText(readers, embeddings, experiment.runtime.device))
    transforms += own_transforms(experiment)
    transforms.append(ScaleInputs(preprocess))
    if outline.is_list and any(map(adapts, outline.components)):
        transforms.append(AdaptLayers(adapt))
    if preprocess.target is not None:
        transforms.append(ScaleLabels(preprocess.target))
    return transforms
