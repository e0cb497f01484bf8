"""Many epochs in one call come out as epoch after epoch does, and no epoch is made too often."""

from typing import Any

import keras
import numpy as np
import pytest

from nnrun.training.blocks import Blocks
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.events import Resumable, TrainingEnded
from nnrun.training.loop import Course, Programs, train_epochs

from .conftest import BATCH, assert_same_bits, every_variable, make_model, make_part

EPOCHS = 30
COURSE = Course(EPOCHS, 3, True, "val_loss", "min")


class Counted(Blocks):
    """Blocks that count the epochs that were made, those made again included."""

    count = 0

    def _advance(self, index: int) -> np.ndarray:
        self.count += index - self._at
        return super()._advance(index)


def train(*, in_blocks: bool) -> tuple[Any, Any, list[Any], Any]:
    """The model, the callback, the events, and the blocks of a training that stops early."""
    model = make_model("adam")
    training = CompiledTraining(model, make_resident(make_part()), BATCH, "graph")
    validation = CompiledEvaluation(model, make_resident(make_part(20, seed=5)), "graph")
    blocks = (
        Counted(model, training, validation, "graph", seed=3, shuffle=True) if in_blocks else None
    )
    stopping = keras.callbacks.EarlyStopping(patience=4, min_delta=0.05, restore_best_weights=True)
    called = keras.callbacks.CallbackList([stopping], model=model)
    programs = Programs(training, validation, blocks)
    events = list(train_epochs(model, programs, called, COURSE, lambda: False))
    return model, stopping, events, blocks


def test_early_stopping_gets_the_weights_of_its_best_epoch_when_a_block_has_ended() -> None:
    model, stopping, events, blocks = train(in_blocks=True)
    other, plain, whole, _ = train(in_blocks=False)
    assert isinstance(events[-1], TrainingEnded)
    assert events[-1] == whole[-1] == TrainingEnded("stopped", events[-1].epoch, "EarlyStopping")
    assert 4 < events[-1].epoch < EPOCHS
    for mine, its in zip(stopping.best_weights, plain.best_weights, strict=True):
        np.testing.assert_array_equal(mine, its)
    assert_same_bits(every_variable(model), every_variable(other))
    assert blocks.count <= 3 * EPOCHS, "once, once more to the best epoch, and on to the last"
    resumable = [event for event in events if isinstance(event, Resumable)]
    assert len(resumable) < events[-1].epoch / 2, "improvements end no block"


@pytest.mark.parametrize("kept", [1, 4])
def test_blocks_that_end_early_become_shorter(kept: int) -> None:
    blocks = train(in_blocks=True)[3]
    blocks._length = 8
    blocks.run(1, EPOCHS)
    blocks.bring_to(kept)
    blocks.end_with(kept)
    assert (blocks.made, blocks._length) == (kept, 4)
