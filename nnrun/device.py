"""TensorFlow imported quickly and quietly, and the device that it trains on."""

import contextlib
import gc
import importlib.abc
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from nnrun.compiled_programs import keep_compiled_programs
from nnrun.errors import UserError, is_out_of_memory

UNWANTED = ("matplotlib", "pandas", "scipy", "sklearn", "torch", "jax")
"""What TensorFlow and Keras import when they find it, at the cost of seconds, without a need."""


_threads: list[int] = []
"""How many threads an operation may use, where that was limited."""


class _Refusal(importlib.abc.MetaPathFinder):
    """An import hook that hides UNWANTED modules, which TensorFlow and Keras can do without."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Raise ImportError for an unwanted module, as if it were not installed."""
        del path, target
        if fullname.partition(".")[0] in UNWANTED:
            raise ModuleNotFoundError(f"{fullname} is kept out of TensorFlow's import")


@contextlib.contextmanager
def lean_imports() -> Iterator[None]:
    """Within the block, hide the UNWANTED modules that are not imported yet."""
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        yield
    finally:
        sys.meta_path.remove(refusal)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Pause garbage collection within the block, and exempt its objects from later collections.

    An import makes much, and all of it stays; Keras has all of it searched for every model it makes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def expect_many_models() -> None:
    """Have TensorFlow not warn of many models in a process, which it takes for one compiled anew."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what native code writes to standard error; show it only if the block fails."""
    if sys.stderr is None:  # it was closed before Python started: there is nothing to hold back
        yield
        return
    with contextlib.suppress(OSError):  # it may be full
        sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception as error:
            held.seek(0)
            if not is_out_of_memory(error):
                with contextlib.suppress(OSError):
                    os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def import_keras() -> None:
    """Import Keras and TensorFlow quickly, and without their messages.

    Raises:
        UserError: If Keras is set to another backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        backend = sys.modules["keras"].backend.backend()
    if backend != "tensorflow":
        hint = "Unset KERAS_BACKEND; nnrun trains on TensorFlow."
        raise UserError(f"Keras is set to the backend '{backend}'", hint=hint)
    keep_compiled_programs()
    if {"keras", "tensorflow"} <= sys.modules.keys():
        return  # what is garbage by now, such as the model of another run, is to be found
    with quiet_stderr(), lean_imports(), _no_collections():
        import keras  # noqa: F401 within this block its import is quick
        import tensorflow as tf  # noqa: F401


def limit_threads(threads: int) -> None:
    """Have TensorFlow, which must not be in use yet, give each operation so many threads."""
    _threads.append(threads)


def import_tensorflow(device: str = "auto") -> None:
    """Import TensorFlow and Keras, and set up the device.

    Args:
        device: `auto`, `cpu` (a GPU is left alone) or `gpu`.

    Raises:
        UserError: If `gpu` is asked for where TensorFlow finds none, or Keras is set to another
            backend.
    """
    import_keras()
    import tensorflow as tf

    with quiet_stderr():
        gpus = tf.config.list_physical_devices("GPU")
        if _threads:
            tf.config.threading.set_intra_op_parallelism_threads(_threads[-1])
        if device == "cpu" and gpus:
            tf.config.set_visible_devices([], "GPU")
        tf.constant(0)
    if device == "gpu" and not gpus:
        raise UserError(
            "runtime.device is 'gpu', but TensorFlow finds no GPU",
            hint="install nnrun[gpu] where there is one, or use device: auto",
        )


def device_name() -> str:
    """The training device in words: a GPU's model, or the CPU with its number of threads."""
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return f"CPU ({usable_cores()} cores)"
    details = tf.config.experimental.get_device_details(gpus[0])
    return f"GPU ({details.get('device_name', 'unknown')})"


def processor_name() -> str:
    """The model of the machine's processor; empty if unknown."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def thread_count() -> int:
    """How many threads an operation may use; with another number, sums may round differently."""
    import tensorflow as tf

    return int(tf.config.threading.get_intra_op_parallelism_threads() or usable_cores())


def device_memory() -> int | None:
    """The memory of the device available to this process, in bytes; None if unknown."""
    if on_gpu():
        from tensorflow.python.client import device_lib

        limits = [
            gpu.memory_limit for gpu in device_lib.list_local_devices() if gpu.device_type == "GPU"
        ]
        return int(min(limits))
    return total_memory()


def total_memory() -> int | None:
    """The memory that this machine, or this container, has, in bytes; None if unknown."""
    if not hasattr(os, "sysconf"):
        return None
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # A container may be given less than the machine has; the file says "max" where it is not.
    with contextlib.suppress(OSError, ValueError):
        return min(installed, int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    return installed


def resident_bytes() -> int:
    """The memory that this process takes; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def strategy_scope(name: str) -> contextlib.AbstractContextManager[object]:
    """The scope to build a model in: with `mirrored`, that of all training devices.

    Args:
        name: `none` or `mirrored`.
    """
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if name == "none" or len(devices) == 1:
        return contextlib.nullcontext()
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    scope: contextlib.AbstractContextManager[object] = strategy.scope()
    return scope


def usable_cores() -> int:
    """The number of cores this process may use; all of them if unknown."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_gpu() -> bool:
    """Whether a GPU trains."""
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def make_deterministic() -> None:
    """Make a GPU give the same bits every time, as the CPU does anyway."""
    import tensorflow as tf

    if on_gpu():
        tf.config.experimental.enable_op_determinism()
