"""nnrun: the experiment runner for neural networks in Keras.

From Python, `nnrun.train("config.yaml")` does what `nnrun train config.yaml` does.
"""

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "describe",
    "evaluate",
    "find_learning_rate",
    "open_run",
    "predict",
    "train",
]


def __getattr__(name: str) -> Any:
    """The functions of `nnrun.experiments.api`, imported when they are first asked for."""
    if name in __all__:
        # By name, so that what imports the version alone is not taken to import TensorFlow.
        return getattr(importlib.import_module("nnrun.experiments.api"), name)
    raise AttributeError(f"module 'nnrun' has no attribute '{name}'")
