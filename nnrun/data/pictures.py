"""Reads picture files as rows of an image data set."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError
from nnrun.reading import check_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
WHITE = 255


def find_pictures(path: Path) -> list[Path]:
    """The file itself, or the PNG and JPEG files of a folder, sorted by name.

    Raises:
        DataError: The file does not exist, or the folder has no pictures.
    """
    if not path.is_dir():
        if not path.exists():
            raise DataError(f"there is no file {path}")
        try:
            check_regular(path)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        return [path]
    items = (item for item in path.iterdir() if item.suffix.lower() in SUFFIXES)
    pictures = sorted(item for item in items if item.is_file())
    if not pictures:
        raise DataError(f"the folder {path} holds no picture", hint="pictures are PNG or JPEG")
    return pictures


def read_pictures(paths: Sequence[Path], shape: tuple[int, ...], white: float) -> np.ndarray:
    """Read pictures as rows: resized, converted to grey if the rows are, and rescaled.

    Args:
        paths: PNG and JPEG files.
        shape: Of a row: `(height, width)` or `(height, width, 1)` for grey pictures,
            `(height, width, 3)` for coloured ones.
        white: The value of white in the rows.

    Returns:
        float32 `(pictures, *shape)`.

    Raises:
        DataError: A file is not a picture, or the shape is not that of pictures.
    """
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)):
        size = " x ".join(map(str, shape))
        raise DataError(f"rows of shape {size} cannot be read from a picture file")
    rows = np.stack([_read(path, shape) for path in paths])
    return (rows * np.float32(white / WHITE)).reshape(-1, *shape)


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG", "JPEG"]) as picture:
                return _pixels(picture, shape)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as a PNG or JPEG picture") from error
    except Image.DecompressionBombWarning as error:
        raise DataError(f"{path} is too large to be read as a picture") from error


def _pixels(picture: Image.Image, shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    size = (shape[1], shape[0])
    # Transparent pixels become black: what colour lies beneath them nobody has seen.
    black = Image.new("RGBA", picture.size, "black")
    visible = Image.alpha_composite(black, picture.convert("RGBA"))
    mode = "RGB" if shape[2:] == (3,) else "L"
    return np.asarray(visible.convert(mode).resize(size), np.float32)
