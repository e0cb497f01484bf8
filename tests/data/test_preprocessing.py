import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnrun.config.label_scales import LABEL_SCALES
from nnrun.config.schema import Preprocess
from nnrun.data.preprocessing import (
    BLOCK,
    Scaling,
    Standardizing,
    apply_steps,
    fit,
    fit_labels,
    measure,
    scale_labels,
)
from nnrun.data.splits import InputSpec, Part, Splits
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


TABLE = np.array([[1, 10, 5], [2, 30, 5], [6, 20, 5]], np.float32)


def test_nothing_asked_nothing_done():
    assert fit(Preprocess(), splits_of(TABLE)) == {"inputs": ()}
    assert apply_steps((), np.array([[3]], np.uint8)).dtype == np.float32


def test_scale_divides():
    steps = fit(Preprocess(scale=255), splits_of(TABLE))["inputs"]
    assert steps == (Scaling(1 / 255, 0.0),)
    assert apply_steps(steps, np.array([[0, 255]], np.uint8)).tolist() == [[0, 1]]


def test_standardize_takes_each_features_mean_and_variance_from_the_training_rows():
    splits = splits_of(TABLE, validation=np.full((2, 3), 1e6, np.float32))
    (step,) = fit(Preprocess(standardize=True), splits)["inputs"]
    assert step.mean == pytest.approx((3, 20, 5))
    assert step.variance == pytest.approx(((4 + 1 + 9) / 3, 200 / 3, 1))
    done = apply_steps((step,), TABLE)
    np.testing.assert_allclose(done.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(done.std(axis=0), [1, 1, 0], atol=1e-6)


def test_minmax_brings_each_feature_into_0_to_1_and_a_constant_one_to_0():
    steps = fit(Preprocess(minmax=True), splits_of(TABLE))["inputs"]
    np.testing.assert_allclose(
        apply_steps(steps, TABLE), [[0, 0, 0], [0.2, 1, 0], [1, 0.5, 0]], atol=1e-6
    )


def test_scaling_comes_before_standardizing():
    both = fit(Preprocess(scale=10, standardize=True), splits_of(TABLE))["inputs"]
    alone = fit(Preprocess(standardize=True), splits_of(TABLE / 10))["inputs"]
    assert len(both) == 2
    np.testing.assert_allclose(both[1].mean, alone[0].mean, rtol=1e-6)
    np.testing.assert_allclose(apply_steps(both, TABLE), apply_steps(alone, TABLE / 10), atol=1e-5)


def test_images_get_one_mean_and_variance_over_all_pixels():
    images = np.random.default_rng(0).integers(0, 256, (2 * BLOCK + 3, 4, 4), np.uint8)
    (step,) = fit(Preprocess(standardize=True), splits_of(images))["inputs"]
    wide = images.astype(np.float64)
    assert step == Standardizing(pytest.approx(wide.mean()), pytest.approx(wide.var()))


def test_statistics_of_a_table_are_exact_in_float64():
    table = np.random.default_rng(0).normal(1e4, 1, (BLOCK + 7, 3)).astype(np.float32)
    statistics = measure(table)
    np.testing.assert_allclose(statistics.mean, table.astype(np.float64).mean(axis=0))
    np.testing.assert_allclose(statistics.variance, table.astype(np.float64).var(axis=0))
    assert statistics.most.tolist() == table.max(axis=0).tolist()


LABELS = np.array([[10, 5], [20, 5], [60, 5]], np.float32)


def fitted(how, labels, **spec):
    target = TargetSpec(**({"task": "regression", "width": labels.shape[1]} | spec))
    part = Part({"inputs": np.zeros((len(labels), 1))}, {"y": labels})
    return fit_labels(Preprocess(target=how), {"y": target}, part)["y"]


@pytest.mark.parametrize(
    ("how", "scale", "offset"),
    [
        ("standardize", (((400 + 100 + 900) / 3) ** 0.5, 1), (30, 5)),
        ("minmax", (50, 1), (10, 5)),
        ("symmetric", (25, 1), (35, 5)),
    ],
)
def test_labels_get_a_scale_by_column_and_constant_ones_become_0(how, scale, offset):
    target = fitted(how, LABELS)
    assert target.scale == pytest.approx(scale)
    assert target.offset == pytest.approx(offset)
    assert scale_labels(target, LABELS)[:, 1].tolist() == [0, 0, 0]


def test_only_numbers_are_scaled_and_only_where_that_is_asked_for():
    assert fitted("minmax", LABELS, task="autoencoder", input="inputs").scale == ()
    assert fitted(None, LABELS).scale == ()
    assert scale_labels(fitted(None, LABELS), LABELS) is LABELS  # an autoencoder's may be large


@given(
    st.sampled_from(list(LABEL_SCALES)),
    arrays(np.float32, (5, 2), elements=st.floats(-1e6, 1e6, width=32)),
)
def test_scaled_labels_lie_where_they_should_and_come_back(how, labels):
    target = fitted(how, labels)
    scaled = scale_labels(target, labels)
    if how == "standardize":
        np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    else:
        least = 0 if how == "minmax" else -1
        assert scaled.min() >= least - 1e-9
        assert scaled.max() <= 1 + 1e-9
    back = scaled * np.array(target.scale) + np.array(target.offset)
    np.testing.assert_allclose(back, labels, rtol=1e-6, atol=1e-6)
