"""The range test of `nnrun lr-find` against `model.fit` with a callback that does the same.

    NNRUN_DATA=... python -m benchmarks.range_test [CONFIG] [--rounds 5] [--steps 500]

Both make the same steps with the same network of the config, in turn, each time with a fresh model:
the callback notes the loss of every batch and multiplies the rate for the next one. Prints what a
step takes after start-up (the first step of `fit`, the first chunk of nnrun, which are compiled),
what the whole test takes with it, and nnrun's share of `model.fit`: each round, and the medians.
"""

import argparse
import statistics
import time
from pathlib import Path

import keras

from benchmarks.machine import describe_machine
from nnrun.analysis.lr_curve import growing_rates
from nnrun.experiments.lr_request import with_constant_rate
from nnrun.experiments.prepare import build, prepare
from nnrun.training.choosing import engine_for
from nnrun.training.engines import FIRST_CHUNK
from nnrun.training.lr_search import RateTest
from nnrun.training.weighting import make_resident_training


class GrowingRate(keras.callbacks.Callback):
    """Notes the loss of every batch and sets the next rate, until there is none left."""

    def __init__(self, rates):
        super().__init__()
        self.rates, self.losses = rates, []

    def on_train_begin(self, logs=None):  # noqa: ARG002 - Keras's signature
        self.model.optimizer.learning_rate = self.rates[0]

    def on_epoch_begin(self, _epoch, logs=None):  # noqa: ARG002 - Keras's signature
        self.batches, self.total = 0, 0.0

    def on_train_batch_end(self, _batch, logs=None):
        if not self.losses:
            self.started = time.perf_counter()
        # Keras tells the mean of the epoch so far.
        self.batches, before = self.batches + 1, self.total
        self.total = self.batches * float(logs["loss"])
        self.losses.append(self.total - before)
        if len(self.losses) == len(self.rates):
            self.model.stop_training = True
        else:
            self.model.optimizer.learning_rate = self.rates[len(self.losses)]


def time_fit(prepared, rates) -> tuple[float, float]:
    """Seconds of a step after the first one, and of the whole test."""
    model, rows, growing = build(prepared), prepared.splits.train, GrowingRate(rates)
    began = time.perf_counter()
    model.fit(
        *(next(iter(arrays.values())) for arrays in (rows.inputs, rows.targets)),
        batch_size=prepared.experiment.training.batch_size,
        epochs=len(rates),
        callbacks=[growing],
        verbose=0,
    )
    ended = time.perf_counter()
    return (ended - growing.started) / (len(rates) - 1), ended - began


def time_nnrun(prepared, rates) -> tuple[float, float]:
    """Seconds of a step after the first chunk, and of the whole test."""
    model, training = build(prepared), prepared.experiment.training
    began = time.perf_counter()
    test = RateTest(
        model,
        make_resident_training(prepared.splits, training.class_weight),
        batch_size=training.batch_size,
        steps=len(rates),
        engine=engine_for(model, prepared.experiment.runtime.engine).name,
        seed=prepared.experiment.seed,
        shuffle=training.shuffle,
    )
    losses = test.losses(rates)
    next(losses)
    started = time.perf_counter()
    _ = list(losses)
    ended = time.perf_counter()
    return (ended - started) / (len(rates) - FIRST_CHUNK), ended - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", nargs="?", type=Path, default=Path("configs/fashion_mlp.yaml"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    prepared, _ = with_constant_rate(prepare(options.config))
    rates = growing_rates(1e-5, 10, options.steps)
    print(describe_machine())
    print(f"{prepared.experiment.name}, {options.steps} steps, each after start-up; all of it")
    print(
        f"{'round':>5}  {'fit':>9}  {'nnrun':>9}  {'share':>6}  {'fit':>8}  {'nnrun':>8}  {'share':>6}"
    )
    rounds = []
    for number in range(1, options.rounds + 1):
        fit, own = time_fit(prepared, rates), time_nnrun(prepared, rates)
        shares = [mine / theirs for mine, theirs in zip(own, fit, strict=True)]
        rounds.append(shares)
        print(
            f"{number:>5}  {1e3 * fit[0]:>6.3f} ms  {1e3 * own[0]:>6.3f} ms  {shares[0]:>6.3f}"
            f"  {fit[1]:>6.3f} s  {own[1]:>6.3f} s  {shares[1]:>6.3f}",
            flush=True,
        )
    for what, values in zip(
        ("a step after start-up", "the whole"), zip(*rounds, strict=True), strict=True
    ):
        print(
            f"{what}: {statistics.median(values):.3f} of model.fit in the median, "
            f"{min(values):.3f} to {max(values):.3f}"
        )


if __name__ == "__main__":
    main()
