"""Everything a config may name: Keras's classes, nnrun's own, their aliases, and the data sets."""

import dataclasses
import importlib
import importlib.util
import inspect
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from nnrun.cataloguing.signatures import Json, describe_class, describe_function

KERAS = {
    "layers": ("keras.layers", "Layer"),
    "optimizers": ("keras.optimizers", "Optimizer"),
    "schedules": ("keras.optimizers.schedules", "LearningRateSchedule"),
    "losses": ("keras.losses", "Loss"),
    "metrics": ("keras.metrics", "Metric"),
    "regularizers": ("keras.regularizers", "Regularizer"),
    "initializers": ("keras.initializers", "Initializer"),
    "constraints": ("keras.constraints", "Constraint"),
    "callbacks": ("keras.callbacks", "Callback"),
}
"""Where each group's classes are in Keras, and the base that they derive from."""

OWN = {
    "layers": "nnrun.models.layers",
    "activations": "nnrun.models.activations",
    "losses": "nnrun.models.losses",
    "presets": "nnrun.models.presets",
    "schedules": "nnrun.models.schedules",
    "callbacks": "nnrun.training.callbacks",
}
"""The modules of nnrun whose `__all__` names components; those that do not exist are skipped."""

ACTIVATION_LAYERS = "keras.src.layers.activations"
FUNCTION = "It takes a Python function, which YAML cannot hold"
INPUT = "The shape of the inputs is known from the data; leave it out."

REFUSED = {
    "layers": {
        "Lambda": f"{FUNCTION}; write a layer class of your own and name it `module:Class`.",
        "TFSMLayer": "It runs a program loaded from any file.",
        "JaxLayer": f"{FUNCTION}.",
        "TorchModuleWrapper": "It takes a PyTorch module, which YAML cannot hold.",
        "FlaxLayer": f"{FUNCTION}.",
        "Equalization": "Outside of training it gives back its very input, which Keras cannot connect.",
        "Input": INPUT,
        "InputLayer": INPUT,
    },
    "optimizers": {
        "MultiOptimizer": "It takes Python objects, which YAML cannot hold; name a single optimizer."
    },
    "losses": {
        "CTC": "It compares sequences of labels, and a target here is one row.",
        "Circle": "It is for embeddings, which are no predictions of a target; write a loss class of "
        "your own, `module:Class`.",
    },
    "metrics": {
        "Mean": "It averages one stream of values, and compares no labels with predictions.",
        "MeanMetricWrapper": f"{FUNCTION}; write a metric class of your own, `module:Class`.",
        "Sum": "It adds up one stream of values, and compares no labels with predictions.",
    },
    "callbacks": {
        "BackupAndRestore": "every epoch is committed anyway.",
        "History": "nnrun records the history of every run itself.",
        "LambdaCallback": f"{FUNCTION}; write a callback class of your own, `module:Class`.",
        "LearningRateScheduler": f"{FUNCTION}; use a `schedule:`.",
        "ProgbarLogger": "nnrun shows the progress itself.",
        "RemoteMonitor": "It sends figures over the network; read history.csv instead.",
        "SwapEMAWeights": "With `use_ema` nnrun validates and saves the averaged weights itself.",
    },
}
"""Classes that a config may not name, and why."""

LEFT_OUT = {"layers": {"Wrapper"}, "callbacks": {"CallbackList"}}
"""Classes that are no components, besides each group's base: nobody would name them."""

FROM_CONTEXT = ("input_tensor", "input_shape")
"""Arguments of the models of `keras.applications` that follow from what stands before them."""

COMPILE_ALIASES = ("accuracy", "acc", "crossentropy", "ce")
"""Metrics whose class Keras chooses by the shapes of target and output, when compiling."""

DIRECTIONS = {"down": "min", "up": "max"}
"""What Keras's metrics call the modes of its callbacks."""

_PLAUSIBLE = {"num_classes": 2, "target_class_ids": [0]}
"""Values of required arguments with which a metric can be made; others are shares."""


def collect() -> Json:
    """The whole catalogue."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    components: dict[str, Json] = {group: _keras_components(group) for group in KERAS}
    components["activations"] = {
        name: described
        for name, described in components["layers"].items()
        if _is_activation(getattr(keras.layers, name))
    }
    for group, module_name in OWN.items():
        for name, cls in _own_classes(module_name):
            components.setdefault(group, {})[name] = describe_class(group, cls, cls.__module__)
            if group == "activations":  # which are layers too, as Keras's are
                components["layers"][name] = describe_class("layers", cls, cls.__module__)
    components["applications"] = _applications()
    components["sources"] = _sources()
    components["functions"] = {}  # none but those of the user's own
    components["transforms"] = {}  # none but those of the user's own
    aliases = {group: _aliases(group, components[group]) for group in KERAS}
    aliases["activations"] = dict.fromkeys(_named_objects("activations"))
    return {
        "keras": keras.__version__,
        "refused": REFUSED,
        "aliases": {group: dict(sorted(names.items())) for group, names in aliases.items()},
        "datasets": _datasets(),
        "components": {
            group: dict(sorted(described.items())) for group, described in components.items()
        },
    }


def keras_classes(group: str) -> dict[str, type]:
    """The classes of a group by every name that Keras exports them under, except the base class."""
    module_name, base_name = KERAS[group]
    module = importlib.import_module(module_name)
    base = getattr(module, base_name)
    return {
        name: cls
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and issubclass(cls, base) and cls is not base
    }


def _keras_components(group: str) -> Json:
    barred = set(REFUSED.get(group, {})) | LEFT_OUT.get(group, set())
    described = {}
    for name, cls in _own_names(group).items():
        if name not in barred:
            described[name] = describe_class(group, cls, KERAS[group][0])
            if group == "metrics":
                described[name]["recorded_as"] = _recorded_as(cls)
                described[name] |= _mode(cls)
    return described


def _own_names(group: str) -> dict[str, type]:
    """The classes by one name each: their own if Keras exports it."""
    classes = keras_classes(group)
    return {
        name: cls
        for name, cls in classes.items()
        if name == cls.__name__ or cls.__name__ not in classes
    }


def _is_activation(cls: type) -> bool:
    return cls.__module__.startswith(ACTIVATION_LAYERS)


def _recorded_as(cls: type) -> str:
    from keras.src.utils.naming import to_snake_case

    name = inspect.signature(cls).parameters["name"].default
    return str(name or to_snake_case(cls.__name__))


def _mode(cls: type) -> Json:
    """Whether low or high values of a metric are best, if it says so.

    Keras keeps it as `_direction` in the objects, where its callbacks read it.
    """
    required = [
        name
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    instance = cls(**{name: _PLAUSIBLE.get(name, 0.5) for name in required})
    mode = DIRECTIONS.get(getattr(instance, "_direction", ""))
    return {"mode": mode} if mode else {}


def _named_objects(group: str) -> dict[str, Any]:
    """The classes and functions that a group's `get` finds, by name."""
    named: dict[str, Any] = getattr(_module(f"keras.src.{group}"), "ALL_OBJECTS_DICT", {})
    return dict(sorted(named.items()))


def _aliases(group: str, components: Json) -> dict[str, str | None]:
    """Every other name of a group's classes: exported by Keras, or understood by its `get`."""
    names = {cls: name for name, cls in _own_names(group).items() if name in components}
    aliases: dict[str, str | None] = {
        alias: names[cls]
        for alias, cls in keras_classes(group).items()
        if cls in names and alias not in components
    }
    if group == "losses":
        names |= {cls().fn: name for cls, name in list(names.items())}
    for alias, found in _named_objects(group).items():
        if found in names and alias not in components and _resolves(group, alias):
            aliases[alias] = names[found]
    if group == "metrics":
        aliases |= dict.fromkeys(COMPILE_ALIASES)
    return aliases


def _resolves(group: str, alias: str) -> bool:
    """Whether Keras understands an alias; not if its class needs arguments."""
    try:
        return importlib.import_module(KERAS[group][0]).get(alias) is not None
    except ImportError:  # it is understood, but its class wants a package that is not here
        return True
    except (KeyError, TypeError, ValueError):
        return False


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _own_classes(module_name: str) -> Iterator[tuple[str, type]]:
    """The classes of nnrun's that one of its modules names in `__all__`."""
    module = _module(module_name)
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if inspect.isclass(value) and value.__module__.startswith("nnrun."):
            yield name, value


def _sources() -> Json:
    """The kinds of files."""
    from nnrun.sources.finding import FILES

    return {key: describe_class("sources", cls, cls.__module__) for key, cls in FILES.items()}


def _applications() -> Json:
    """The models of `keras.applications`: functions, each of which makes one that stands in a list."""
    module = importlib.import_module("keras.applications")
    functions = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    }
    learns = {
        "kind": "boolean",
        "required": False,
        "default": True,
        "doc": "Whether its weights are trained.",
    }
    described = {}
    for name, function in functions.items():
        entry = describe_function("applications", function, module.__name__, FROM_CONTEXT)
        entry["arguments"]["trainable"] = learns
        described[name] = entry
    return described


def _datasets() -> Json:
    from nnrun.sources.finding import named_datasets

    return {
        name: {
            "title": data.title,
            "facts": {
                name: value
                for name, value in dataclasses.asdict(data.facts).items()
                if value is not None
            },
            "features": list(data.features),
        }
        for name, data in named_datasets().items()
    }
