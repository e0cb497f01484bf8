"""The machine and the versions that a measurement belongs to, in a line."""

import importlib.metadata
import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Processor, cores and versions."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("tensorflow", "keras", "numpy")
    )
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"
