"""Hints about layers that do not fit their inputs."""

import re
from collections.abc import Sequence


def shape_hint(name: str, shape: Sequence[int | None]) -> str:
    """How to bring rows into the shape that a layer for images or sequences takes."""
    dimensions = re.search(r"([123])D", name)
    if dimensions is None:
        return ""
    axes = int(dimensions[1]) + 1
    if len(shape) == axes - 1:
        return f"put `Reshape: [{', '.join(map(str, (*shape, 1)))}]` before it"
    return f"{name} takes rows with {axes} axes"


def show_shape(shape: Sequence[int | None]) -> str:
    """A shape as a config would write it: `[28, 28]`."""
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
