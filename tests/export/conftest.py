"""What the tests of scripts share: a clean process around what a script defines."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of the test's own; classes that a script registers with Keras are forgotten."""
    import keras
    from keras.src.saving import object_registration as registry

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    known = (registry.GLOBAL_CUSTOM_OBJECTS, registry.GLOBAL_CUSTOM_NAMES)
    before = [dict(one) for one in known]
    yield
    for one, was in zip(known, before, strict=True):
        one.clear()
        one.update(was)
    keras.config.set_dtype_policy("float32")
