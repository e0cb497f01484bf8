"""Picture files become rows of the shape and the scale that a data set has."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnrun.data.pictures import find_pictures, read_pictures
from nnrun.errors import DataError


def save(path: Path, pixels: object, mode: str | None = None) -> Path:
    image = Image.fromarray(np.array(pixels, np.uint8))
    image.convert(mode or image.mode).save(path)
    return path


def test_grey_pixels_come_out_on_the_scale_of_the_rows(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", [[0, 255], [51, 102]])
    rows = read_pictures([path], (2, 2), white=16)
    assert rows.dtype == np.float32
    assert rows == pytest.approx(np.array([[[0, 16], [3.2, 6.4]]]))
    assert read_pictures([path, path], (2, 2, 1), white=255).shape == (2, 2, 2, 1)


def test_colours_become_grey_or_stay(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", [[[255, 0, 0]]])
    assert read_pictures([path], (1, 1), 255).tolist() == [
        [[76]]
    ]  # 0.299 of red, as ITU-R 601 says
    assert read_pictures([path], (1, 1, 3), 255).tolist() == [[[[255, 0, 0]]]]


def test_pictures_are_resized(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.full((30, 50), 100))
    assert (read_pictures([path], (4, 6), 255) == 100).all()


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", [[[255, 255, 255, 0], [255, 255, 255, 255]]])
    assert read_pictures([path], (1, 2), 255).tolist() == [[[0, 255]]]


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt", "c.jpeg"):
        (tmp_path / name).touch()
    assert [path.name for path in find_pictures(tmp_path)] == ["a.JPG", "b.png", "c.jpeg"]


@pytest.mark.parametrize(
    ("name", "told"), [("missing.png", "there is no file"), ("empty", "holds no picture")]
)
def test_what_is_not_there_is_told(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=told):
        find_pictures(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png cannot be read as a PNG or JPEG picture"):
        read_pictures([tmp_path / "a.png"], (2, 2), 255)


def test_a_picture_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", np.zeros((30, 50)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DataError, match="too large"):
        read_pictures([path], (2, 2), 255)


def test_rows_that_are_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rows of shape 4 x 4 x 7"):
        read_pictures([tmp_path / "a.png"], (4, 4, 7), 255)
