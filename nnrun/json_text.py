"""Values as JSON that any reader takes."""

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(value: Any, *, ascii_only: bool = True) -> str:
    r"""A value as JSON, with an end of line.

    JSON has no NaN and no infinity: they become null. Scalars and arrays of NumPy become numbers.

    >>> json_text({"loss": float("nan")})
    '{\n  "loss": null\n}\n'
    """
    text = json.dumps(as_plain_json(value), indent=2, ensure_ascii=ascii_only, allow_nan=False)
    return f"{text}\n"


def as_plain_json(value: Any) -> Any:
    """A value as `json_text` writes it: null for what is not finite, numbers for those of NumPy."""
    if isinstance(value, Mapping):
        return {str(key): as_plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain_json(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    # `tolist` is how scalars and arrays of NumPy become Python's own, without importing NumPy.
    return as_plain_json(value.tolist()) if hasattr(value, "tolist") else str(value)
