"""nnrun: the experiment runner for neural networks in Keras.

From Python, `nnrun.train("config.yaml")` does what `nnrun train config.yaml` does.
"""

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Point",
    "Seeds",
    "__version__",
    "describe",
    "evaluate",
    "find_learning_rate",
    "open_run",
    "predict",
    "study",
    "train",
]
_OF_STUDIES = {"Point": "plan", "Seeds": "seeds", "study": "study"}


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` when it is first used."""
    if name in __all__:
        module = _OF_STUDIES.get(name)
        home = "nnrun.experiments.api" if module is None else f"nnrun.studies.{module}"
        # By name, so that what imports the version alone is not taken to import TensorFlow.
        return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'nnrun' has no attribute '{name}'")
