"""The kind of an argument, from its name, annotation, default and docstring."""

import dataclasses
import inspect
import re
from typing import Any

KINDS_BY_NAME = {
    "activity_regularizer": "component:regularizers",
    "backward_layer": "component:layers",
    "baseline": "number",
    "cell": "list:component:layers|component:layers",
    "cells": "list:component:layers",
    "clipnorm": "number",
    "clipvalue": "number",
    "filename": "text",
    "filepath": "text",
    "global_clipnorm": "number",
    "idf_weights": "list:number",
    "inner_optimizer": "component:optimizers",
    "key_dim": "integer",
    "layer": "component:layers",
    "layers": "list:component:layers",
    "lora_alpha": "number",
    "lora_rank": "integer",
    "max_tokens": "integer",
    "min_delta": "number",
    "monitor": "text",
    "name": "text",
    "num_heads": "integer",
    "num_oov_indices": "integer",
    "output_mode": "choice:int|one_hot|multi_hot|count|tf_idf",
    "output_sequence_length": "integer",
    "value_dim": "integer",
    "vocabulary": "list:any",
}
STEPS = dict.fromkeys(
    ("decay_steps", "first_decay_steps", "warmup_steps", "steps", "step_size", "final_steps"),
    "steps",
)
KINDS_BY_GROUP = {
    "applications": {
        "pooling": "choice:avg|max",
        "weights": "choice:imagenet",
        "classes": "integer",
        "include_top": "boolean",
    },
    "callbacks": {"layers": "list:text", "save_freq": "steps|text"},
    "layers": dict.fromkeys(("max_value", "negative_slope", "threshold"), "magnitude"),
    "optimizers": {"learning_rate": "number|component:schedules"},
    "schedules": {
        **STEPS,
        "boundaries": "list:steps",
        "momentum": "list:number",
        "then": "number|component:schedules",
        "values": "list:number",
    },
    "sources": {"path": "file"},
}
UNTOLD = {
    "axes",
    "axis",
    "dtype",
    "fill_value",
    "offset",
    "output_size",
    "pool_size",
    "scale",
    "strides",
    "verbose",
}
"""Arguments of Keras's that take more than their docstrings say: lists, and `verbose: true`."""

COMPONENT_SUFFIXES = {
    "activation": "component:activations",
    "regularizer": "component:regularizers",
    "initializer": "component:initializers",
    "constraint": "component:constraints",
}
ANNOTATED = {"bool": "boolean", "int": "integer", "float": "number", "str": "text"}

NOT_IN_YAML = re.compile(
    r"(,? or a constant float tensor|, or a callable that takes no arguments and\s+returns the "
    r"actual value to use| or a scalar keras tensor|\(optional\) |optional )",
    re.IGNORECASE,
)
SEVERAL = re.compile(r"\b(tuples?|lists?|arrays?|array_like|dict\w*|callable|sequence)\b", re.I)
INTEGER = re.compile(r"(a |an )?(python )?(positive )?(int|integer|number of epochs)\b", re.I)
NUMBER = re.compile(r"(a |an )?(python |small )?(float\w*|number|scalar)\b", re.I)
STRING = re.compile(r"(a )?(string|str)\b", re.I)
CHOICES = re.compile(r"\b(one of|either)\b", re.I)
OTHERWISE = re.compile(r"\b(int|integers?|number|float|callable|function|instance)\b", re.I)


@dataclasses.dataclass(frozen=True)
class ArgumentFacts:
    """What is known about an argument."""

    group: str
    name: str
    default: Any
    annotation: str
    doc: str

    @property
    def phrase(self) -> str:
        """The first sentence, without the values that YAML cannot hold."""
        return split_sentences(NOT_IN_YAML.sub("", self.doc))[0]

    @property
    def is_told(self) -> bool:
        """Whether the docstring mentions exactly one kind of value."""
        text = NOT_IN_YAML.sub("", self.doc)
        alternatives = re.sub(r"or `?None`?", "", self.phrase)
        return bool(text) and not SEVERAL.search(text) and not re.search(r"\bor\b", alternatives)


def _kind_by_name(argument: ArgumentFacts) -> str | None:
    by_name = KINDS_BY_GROUP.get(argument.group, {}).get(argument.name) or KINDS_BY_NAME.get(
        argument.name
    )
    suffix = argument.name.rpartition("_")[2]
    return by_name or COMPONENT_SUFFIXES.get(suffix)


def _kind_by_annotation(argument: ArgumentFacts) -> str | None:
    literal = re.fullmatch(r"(?:typing\.)?Literal\[(.*)\](?: \| None)?", argument.annotation)
    if literal:
        return "choice:" + "|".join(re.findall(r"[\"']([^\"']+)[\"']", literal.group(1)))
    parts = [part for part in argument.annotation.split(" | ") if part != "None"]
    kinds = []
    for part in parts:
        item = re.fullmatch(r"(?:[\w.]*Sequence|list|tuple)\[(\w+)(?:, \.\.\.)?\]", part)
        kind = ANNOTATED.get(item.group(1) if item else part)
        if kind is None:
            return None
        kinds.append(f"list:{kind}" if item else kind)
    return "|".join(kinds) or None


def _kind_by_choices(argument: ArgumentFacts) -> str | None:
    quoted = re.findall(r"[\"']([\w ]+)[\"']", argument.phrase)
    if not CHOICES.search(argument.phrase) or OTHERWISE.search(argument.phrase):
        return None
    choices = "|".join(dict.fromkeys(quoted))
    return f"choice:{choices}" if "|" in choices else None


def _kind_by_docstring(argument: ArgumentFacts) -> str | None:
    if isinstance(argument.default, bool):
        return "boolean"
    if not argument.is_told:
        return None
    if argument.name in {"rate", "dropout", "recurrent_dropout"} and argument.group == "layers":
        return "fraction"
    if INTEGER.match(argument.phrase):
        return "number" if isinstance(argument.default, float) else "integer"
    if NUMBER.match(argument.phrase) or isinstance(argument.default, float):
        return "number"
    return "text" if STRING.match(argument.phrase) else None


RULES = (_kind_by_name, _kind_by_annotation, _kind_by_choices, _kind_by_docstring)


def kind_of_argument(argument: ArgumentFacts) -> str:
    """The kind of an argument; "any" in doubt, as refusing a good value is worse than a late error."""
    if (
        argument.name in UNTOLD
        and not argument.annotation
        and not isinstance(argument.default, bool)
    ):
        return "any"
    kind = next((kind for rule in RULES if (kind := rule(argument))), "any")
    return kind if default_fits(kind, argument.default) else "any"


def default_fits(kind: str, default: Any) -> bool:
    """Whether a class's own default fits the kind; None and a missing one always do.

    >>> default_fits("integer", 0.5)
    False
    """
    if default is None or default is inspect.Parameter.empty:
        return True
    head, _, choices = kind.partition(":")
    if head == "choice":
        return default in choices.split("|")
    number = isinstance(default, (int, float)) and not isinstance(default, bool)
    fits = {
        "boolean": isinstance(default, bool),
        "integer": number and isinstance(default, int),
        "number": number,
        "fraction": number and 0 <= default < 1,
        "magnitude": number and default >= 0,
        "text": isinstance(default, str),
    }
    return fits.get(kind, True)


def split_sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return re.split(r"(?<!e\.g\.)(?<!i\.e\.)(?<=\.)\s+", text)
