"""A cache of XLA's compiled programs, so that a model is compiled only once.

TensorFlow can keep them by itself, but trusts what it finds: a truncated file ends a training with
an error, and a flipped bit in its machine code ends the process. So every process gets a folder of
its own, which holds those of the kept programs whose checksum is right. What it compiles besides
is taken over, with its checksum, when it ends.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from nnrun.caching import private_folder

MOST_BYTES = 64_000_000
"""What all kept programs may take; all of a machine's are read through when a process begins."""

ABANDONED_SECONDS = 86_400
"""How old the folder of a process that was killed has to be to be removed."""

_FOLDER = "process-"


def keep_compiled_programs() -> None:
    """Have TensorFlow cache its compiled programs on the CPU; call this before importing it.

    Nothing is done where the cache is off or unusable, or where the user's own `TF_XLA_FLAGS` say
    what is to be kept.
    """
    flags = os.environ.get("TF_XLA_FLAGS", "")
    if "tensorflow" in sys.modules or "persistent_cache" in flags:
        return
    root = private_folder("xla")
    # TensorFlow splits its flags at blanks, and reads quotes.
    if root is None or not set(str(root)).isdisjoint(" \t\n'\""):
        return
    try:
        kept = root / _machine(flags)
        kept.mkdir(exist_ok=True)
        own = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=root))
    except OSError:
        return
    _remove_old(root)
    known = _take_out(kept, own)
    ours = f"--tf_xla_persistent_cache_directory={own} --tf_xla_persistent_cache_device_types=CPU"
    os.environ["TF_XLA_FLAGS"] = f"{flags} {ours}".strip()
    atexit.register(_take_over, own, kept, known)


def _machine(flags: str) -> str:
    """A hash of everything a program depends on besides the model: library, processor, settings."""
    spec = importlib.util.find_spec("tensorflow")
    package = Path(spec.origin).parent if spec and spec.origin else Path()
    # The library's time tells a reinstallation too; its version would have to be imported.
    libraries = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in sorted(package.glob("libtensorflow*"))
    ]
    facts = (package, libraries, processor(), flags, os.environ.get("XLA_FLAGS"))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def processor() -> tuple[str, ...]:
    """The facts about the processor that a program and its speed depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        lines = [platform.processor()]
    facts = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU "))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (platform.machine(), *(facts or lines), f"{cores} cores")


def _take_out(kept: Path, own: Path) -> set[str]:
    """Copy the intact programs to the process's folder and delete the others; returns their names."""
    for file in kept.iterdir():
        name, _, checksum = file.name.rpartition("-")
        # Two processes may have compiled the same; files vanish where another one makes room.
        with contextlib.suppress(OSError):
            if checksum == _checksum(file) and not (own / name).exists():
                os.link(file, own / name)
                os.utime(file)
            else:
                file.unlink()
    return {file.name for file in own.iterdir()}


def _take_over(own: Path, kept: Path, known: set[str]) -> None:
    """Keep what the process compiled, and remove its folder."""
    with contextlib.suppress(OSError):
        for file in own.glob("*.pb"):
            if file.name not in known:
                file.replace(kept / f"{file.name}-{_checksum(file)}")
    shutil.rmtree(own, ignore_errors=True)


def _remove_old(root: Path) -> None:
    """Remove what killed processes left, and the least recently used programs."""
    before = time.time() - ABANDONED_SECONDS
    with contextlib.suppress(OSError):
        for folder in root.glob(f"{_FOLDER}*"):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
        files = [(file.stat(), file) for file in root.glob("*/*.pb-*")]
        room = MOST_BYTES
        for status, file in sorted(files, key=lambda found: -found[0].st_mtime):
            room -= status.st_size
            if room < 0:
                file.unlink()


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
