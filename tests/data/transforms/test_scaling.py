import numpy as np
import pytest

from nnrun.config.schema import Preprocess
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.statistics import BLOCK, measure
from nnrun.data.transforms.scaling import ScaleInputs, Scaling, Standardizing, apply_steps
from nnrun.tasks.targets import TargetSpec


def splits_of(inputs, validation=None):
    def part(array):
        return Part({"inputs": array}, {"targets": np.zeros((len(array), 1), np.float32)})

    return Splits(
        {"inputs": InputSpec(inputs.shape[1:], str(inputs.dtype))},
        {"targets": TargetSpec("regression")},
        part(inputs),
        None if validation is None else part(validation),
        None,
        "",
        "",
    )


def steps_of(preprocess, splits):
    return ScaleInputs(preprocess).fit(splits).steps


TABLE = np.array([[1, 10, 5], [2, 30, 5], [6, 20, 5]], np.float32)


def test_nothing_asked_nothing_done():
    assert steps_of(Preprocess(), splits_of(TABLE)) == {"inputs": ()}
    assert apply_steps((), np.array([[3]], np.uint8)).dtype == np.float32


def test_scale_divides():
    steps = steps_of(Preprocess(scale=255), splits_of(TABLE))["inputs"]
    assert steps == (Scaling(1 / 255, 0.0),)
    assert apply_steps(steps, np.array([[0, 255]], np.uint8)).tolist() == [[0, 1]]


def test_standardize_takes_each_features_mean_and_variance_from_the_training_rows():
    splits = splits_of(TABLE, validation=np.full((2, 3), 1e6, np.float32))
    (step,) = steps_of(Preprocess(standardize=True), splits)["inputs"]
    assert step.mean == pytest.approx((3, 20, 5))
    assert step.variance == pytest.approx(((4 + 1 + 9) / 3, 200 / 3, 1))
    done = apply_steps((step,), TABLE)
    np.testing.assert_allclose(done.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(done.std(axis=0), [1, 1, 0], atol=1e-6)


def test_minmax_brings_each_feature_into_0_to_1_and_a_constant_one_to_0():
    steps = steps_of(Preprocess(minmax=True), splits_of(TABLE))["inputs"]
    np.testing.assert_allclose(
        apply_steps(steps, TABLE), [[0, 0, 0], [0.2, 1, 0], [1, 0.5, 0]], atol=1e-6
    )


def test_scaling_comes_before_standardizing():
    both = steps_of(Preprocess(scale=10, standardize=True), splits_of(TABLE))["inputs"]
    alone = steps_of(Preprocess(standardize=True), splits_of(TABLE / 10))["inputs"]
    assert len(both) == 2
    np.testing.assert_allclose(both[1].mean, alone[0].mean, rtol=1e-6)
    np.testing.assert_allclose(apply_steps(both, TABLE), apply_steps(alone, TABLE / 10), atol=1e-5)


def test_images_get_one_mean_and_variance_over_all_pixels():
    images = np.random.default_rng(0).integers(0, 256, (2 * BLOCK + 3, 4, 4), np.uint8)
    (step,) = steps_of(Preprocess(standardize=True), splits_of(images))["inputs"]
    wide = images.astype(np.float64)
    assert step == Standardizing(pytest.approx(wide.mean()), pytest.approx(wide.var()))


def test_statistics_of_a_table_are_exact_in_float64():
    table = np.random.default_rng(0).normal(1e4, 1, (BLOCK + 7, 3)).astype(np.float32)
    statistics = measure(table)
    np.testing.assert_allclose(statistics.mean, table.astype(np.float64).mean(axis=0))
    np.testing.assert_allclose(statistics.variance, table.astype(np.float64).var(axis=0))
    assert statistics.most.tolist() == table.max(axis=0).tolist()
