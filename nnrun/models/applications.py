"""The models of `keras.applications` as layers; no weights are downloaded."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from keras.src.utils import file_utils

from nnrun.config.components import Component
from nnrun.errors import ConfigError, Problem
from nnrun.objects import find_class, instantiate
from nnrun.sources.places import keras_cache

GROUP = "applications"


def make_layer(component: Component, shape: Sequence[int | None]) -> Any:
    """The layer, or model of `keras.applications`, that a component names, for rows of a shape."""
    return (
        make_application(component, shape) if component.group == GROUP else instantiate(component)
    )


def make_application(component: Component, shape: Sequence[int | None]) -> Any:
    """The model that a component names, for rows of a shape.

    Raises:
        ConfigError: The file with its weights is not in Keras's cache, or is damaged.
        ValueError: Keras refuses the arguments, or the shape.
    """
    arguments = dict(component.arguments)
    learns = arguments.pop("trainable", True)
    with _nothing_fetched(component):
        model = find_class(component)(input_shape=tuple(shape), **arguments)
    model.trainable = learns
    return model


@contextlib.contextmanager
def _nothing_fetched(component: Component) -> Iterator[None]:
    """Within the block, Keras's applications only use files from its cache.

    A training that fetches a hundred megabytes from the network on its way would be another one
    where there is none.
    """
    fetch = file_utils.get_file

    def take(fname: str, origin: str, cache_subdir: str = "datasets", **options: Any) -> str:
        path = keras_cache().parent / cache_subdir / fname
        digest = options.get("file_hash") or options.get("md5_hash")
        if not path.is_file():
            message, hint = f"its weights are not there: {path}", f"fetch them from {origin}"
        elif digest and not file_utils.validate_file(str(path), digest):
            message, hint = f"{path} is damaged", f"fetch it again from {origin}"
        else:
            return str(path)
        hint = f"{hint}, or write `weights: null`"
        raise ConfigError([Problem(message, component.place, component.path, hint)])

    file_utils.get_file = take
    try:
        yield
    finally:
        file_utils.get_file = fetch
