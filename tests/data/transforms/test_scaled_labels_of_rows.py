import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnrun.config.label_scales import LABEL_SCALES
from nnrun.data.splits import Part, Splits
from nnrun.data.transforms.scaled_labels import ScaleLabels, scale_labels
from nnrun.tasks.targets import TargetSpec

LABELS = np.array([[10, 5], [20, 5], [60, 5]], np.float32)


def fitted(how, labels, **spec):
    target = TargetSpec(**({"task": "regression", "width": labels.shape[1]} | spec))
    part = Part({"inputs": np.zeros((len(labels), 1))}, {"y": labels})
    splits = Splits({}, {"y": target}, part, None, None, "", "")
    return ScaleLabels(how).fit(splits).targets(splits.targets)["y"]


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


def test_only_numbers_are_scaled():
    assert fitted("minmax", LABELS, task="autoencoder", input="inputs").scale == ()
    plain = TargetSpec("autoencoder", width=2)
    assert scale_labels(plain, LABELS) is LABELS  # an autoencoder's may be large


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
