"""The machine and the versions that a measurement belongs to."""

import importlib.metadata
import os
import platform
from pathlib import Path

MEASURED = ("tensorflow", "keras", "numpy", "torch", "lightning", "scikit-learn")


def describe_machine() -> str:
    """Processor, cores and versions, in a line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if os.name == "posix" else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    versions = ", ".join(f"{name} {version}" for name, version in installed_versions().items())
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def installed_versions() -> dict[str, str]:
    """Of everything that is measured, by name; what is not installed is left out."""
    versions = {}
    for name in MEASURED:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
