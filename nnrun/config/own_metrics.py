"""The direction of a user's own metric, read from its source without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from nnrun.config.catalogue import Catalogue
from nnrun.config.modes import Mode
from nnrun.reading import check_regular

_DIRECTION = "_direction"
"""The attribute of Keras's metrics that its callbacks read."""
_MODES: dict[object, Mode] = {"down": "min", "up": "max"}
_MAX_BYTES = 1_000_000


def stated_mode(import_path: str, folder: Path, catalogue: Catalogue) -> Mode | None:
    """Whether low or high values of a metric are best, as far as its source says.

    A class says so by setting `_direction` to "up" or "down", as Keras's own do, or by deriving
    from a class that does, in the same file or in Keras.

    Args:
        import_path: The class, as in `my_metrics:Recall`.
        folder: The folder of its module.
        catalogue: The modes of Keras's metrics.

    Returns:
        The mode; None if it is not set, or the source is not in the folder.
    """
    module, _, name = import_path.rpartition(":")
    path = folder.joinpath(*module.split("."))
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        try:
            check_regular(file)
            with file.open("rb") as opened:
                tree = ast.parse(opened.read(_MAX_BYTES))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        return _mode_of(name, classes, catalogue)
    return None


def _mode_of(name: str, classes: dict[str, ast.ClassDef], catalogue: Catalogue) -> Mode | None:
    """The mode of a class or, failing that, of its bases."""
    if name not in classes:
        entry = catalogue.find("metrics", name)
        return entry.mode if entry else None
    declared = classes[name]
    directions = {_MODES.get(value) for value in _directions_set(declared)}
    if directions:
        return directions.pop() if len(directions) == 1 else None
    others = {key: value for key, value in classes.items() if key != name}
    modes = (_mode_of(_last_name(base), others, catalogue) for base in declared.bases)
    return next((mode for mode in modes if mode), None)


def _directions_set(declared: ast.ClassDef) -> Iterator[object]:
    """The values that a class sets its direction to; None for computed ones."""
    for node in ast.walk(declared):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        if any(_last_name(target) == _DIRECTION for target in targets):
            value = getattr(node, "value", None)
            yield value.value if isinstance(value, ast.Constant) else None


def _last_name(node: ast.expr) -> str:
    """The last word of `keras.metrics.Recall`, `self._direction` or a plain name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
