"""Writes `catalogue.json`: `python -m nnrun.cataloguing`, or checks it with `--check`."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnrun.cataloguing.collecting import collect
from nnrun.config.catalogue import PACKAGED


def written(value: Any, depth: int = 3) -> str:
    """The JSON of a catalogue, one component per line, so that diffs are readable."""
    if depth == 0 or not isinstance(value, Mapping) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = (f"{json.dumps(key)}:{written(item, depth - 1)}" for key, item in value.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def write_atomically(path: Path, text: str) -> None:
    """Write the text atomically, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where two catalogues differ, by dotted path."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if old != new:
            yield f"{path}: {json.dumps(old)} is now {json.dumps(new)}"
        return
    for key in sorted(old.keys() | new.keys()):
        here = f"{path}.{key}" if path else key
        if key not in new:
            yield f"{here} is gone"
        elif key not in old:
            yield f"{here} is new"
        else:
            yield from differences(old[key], new[key], here)


def write_catalogue(arguments: list[str] | None = None) -> int:
    """Write the catalogue, or check the existing one."""
    parser = argparse.ArgumentParser(prog="python -m nnrun.cataloguing", description=__doc__)
    parser.add_argument("--output", type=Path, default=PACKAGED, help="the file to write or check")
    parser.add_argument("--check", action="store_true", help="exit 1 if the file is stale")
    options = parser.parse_args(arguments)
    text = written(collect())
    if not options.check:
        write_atomically(options.output, text + "\n")
        return 0
    old = json.loads(options.output.read_bytes()) if options.output.exists() else {}
    found = list(differences(old, json.loads(text)))
    for line in found:
        sys.stdout.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(write_catalogue())
