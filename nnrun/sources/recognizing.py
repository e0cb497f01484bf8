"""Recognizes files that are not CSV by their first bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = 4096
"""Bytes looked at."""
_EXCEL = "save it as CSV (UTF-8) in the program it was made with"
_PANDAS = "write it as CSV with pandas: `{}.to_csv(…, index=False)`"
_SIGNATURES: Sequence[tuple[bytes, str, str]] = (
    (b"\x1f\x8b", "is compressed (gzip): unpack it", ""),
    (b"BZh", "is compressed (bzip2): unpack it", ""),
    (b"\xfd7zXZ\x00", "is compressed (xz): unpack it", ""),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd): unpack it", ""),
    (b"7z\xbc\xaf\x27\x1c", "is compressed (7z): unpack it", ""),
    (b"Rar!", "is compressed (rar): unpack it", ""),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook (xls), not CSV", _EXCEL),
    (b"PAR1", "is a Parquet file, not CSV", "name it with `parquet:` instead of `csv:`"),
    (b"ARROW1", "is a Feather file, not CSV", _PANDAS.format("pd.read_feather(…)")),
    (b"FEA1", "is a Feather file, not CSV", _PANDAS.format("pd.read_feather(…)")),
    (b"\x93NUMPY", "is a NumPy array (npy), not CSV", _PANDAS.format("pd.DataFrame(np.load(…))")),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file, not CSV", _PANDAS.format("pd.read_hdf(…)")),
    (b"SQLite format 3\x00", "is an SQLite database, not CSV", _PANDAS.format("pd.read_sql(…)")),
    (b"%PDF", "is a PDF, not CSV", "copy its table into a CSV file"),
    (b"\x89PNG", "is a picture (PNG), not CSV", "name a table"),
    (b"\xff\xd8\xff", "is a picture (JPEG), not CSV", "name a table"),
    (
        b"version https://git-lfs.github.com",
        "is a Git LFS pointer, not the file itself",
        "fetch it: `git lfs pull`",
    ),
)  # fmt: skip
_TEXTS = (
    (re.compile(rb"\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE), "is an HTML page, not CSV",
     "download the table itself"),
    (re.compile(rb"\s*<\?xml"), "is an XML file, not CSV", _PANDAS.format("pd.read_xml(…)")),
    (re.compile(rb'\s*(\{\s*"|\[\s*[\[{])'), "is a JSON file, not CSV", _PANDAS.format("pd.read_json(…)")),
)  # fmt: skip
_PICKLE = re.compile(rb"\x80[\x02-\x05]")


def refuse_other_kinds(path: Path) -> None:
    """Check that a file can be a text table.

    Raises:
        DataError: Its first bytes show that it is something else.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind = _kind_of(head.removeprefix(b"\xef\xbb\xbf"), path)
    if kind is not None:
        what, hint = kind
        raise DataError(f"{path} {what}", hint=hint)


def _kind_of(head: bytes, path: Path) -> tuple[str, str] | None:
    for begin, what, hint in _SIGNATURES:
        if head.startswith(begin):
            return what, hint
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:2] == b"\x00" or head[:1] == b"\x00":
        return "is in UTF-16", "save it as UTF-8"
    if _PICKLE.match(head):
        return "is a Python pickle, not CSV", _PANDAS.format("pd.read_pickle(…)")
    for pattern, what, hint in _TEXTS:
        if pattern.match(head):
            return what, hint
    return None


def _kind_of_zip(path: Path) -> tuple[str, str]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return "is an Excel workbook (xlsx), not CSV", _EXCEL
    if "content.xml" in names:
        return "is an OpenDocument file, not CSV", _EXCEL
    if any(name.endswith(".npy") for name in names):
        return "holds NumPy arrays (npz), not CSV", _PANDAS.format("pd.DataFrame(np.load(…)[…])")
    return "is compressed (zip): unpack it", ""
