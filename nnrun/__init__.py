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
    "search",
    "study",
    "train",
]
_OF_STUDIES = {
    "Point": "plan.Point",
    "Seeds": "seeds.Seeds",
    "search": "searching.search_config",
    "study": "study.study",
    "train": "many.train_config",
}


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` when it is first used."""
    if name in __all__:
        home = f"studies.{_OF_STUDIES[name]}" if name in _OF_STUDIES else f"experiments.api.{name}"
        module, _, name_there = home.rpartition(".")
        # By name, so that what imports the version alone is not taken to import TensorFlow.
        return getattr(importlib.import_module(f"nnrun.{module}"), name_there)
    raise AttributeError(f"module 'nnrun' has no attribute '{name}'")
