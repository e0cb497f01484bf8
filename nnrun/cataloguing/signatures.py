"""The arguments of a class, read from its signature and docstring."""

import ast
import inspect
import math
import re
import textwrap
from collections.abc import Collection
from typing import Any

from nnrun.cataloguing.argument_kinds import ArgumentFacts, kind_of_argument, split_sentences

Json = dict[str, Any]

WORDS_OF_A_TYPE = 3


def _argument_docs(docstring: str | None) -> dict[str, str]:
    """What the `Args:` section of a docstring says, by argument."""
    section = re.search(
        r"^(?:Args|Arguments):[ ]*\n((?:[ ]+.*\n|\n)*)",
        inspect.cleandoc(docstring or "") + "\n",
        re.M,
    )
    text = textwrap.dedent(section.group(1)) if section else ""
    paragraphs = re.findall(r"^(\w+)(?: \([^)]*\))?:(.*(?:\n(?: .*)?)*)", text, re.M)
    return {name: " ".join(doc.split()) for name, doc in paragraphs}


def _parameters(cls: type) -> tuple[dict[str, inspect.Parameter], bool]:
    """The parameters of a class in order, and whether it accepts others.

    Those that `**kwargs` hands on to a base class belong to it; where a class of Keras does not
    hand them on, it has them for arguments of old.
    """
    found: dict[str, inspect.Parameter] = {}
    passed: set[str] = set()
    positional = 0
    for base in cls.__mro__:
        init = _init_of(base)
        if not inspect.isfunction(init):
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        for parameter in named[positional:]:
            if parameter.name not in passed:
                found.setdefault(parameter.name, parameter)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return found, False
        call = _call_of_base(inspect.unwrap(init))
        if call is None:
            return found, not base.__module__.startswith("keras.")
        passed |= set(found) | {keyword.arg for keyword in call.keywords if keyword.arg}
        positional = sum(not isinstance(value, ast.Starred) for value in call.args)
    return found, False


def _init_of(cls: type) -> Any:
    return vars(cls).get("__init__")


def _call_of_base(init: Any) -> ast.Call | None:
    """The call of the base's `__init__` that passes `**kwargs` on."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(init)))):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "super().__init__"
            and any(keyword.arg is None for keyword in node.keywords)
        ):
            return node
    return None


def describe_class(group: str, cls: type, module: str) -> Json:
    """The catalogue's entry for a class."""
    parameters, is_open = _parameters(cls)
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        docs |= _argument_docs(base.__doc__) | _argument_docs(_init_of(base).__doc__)
    arguments = {
        name: _describe_argument(group, parameter, docs.get(name, ""))
        for name, parameter in parameters.items()
    }
    summary = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]
    described = {"module": module, "summary": " ".join(summary.split()), "arguments": arguments}
    return {**described, "open": True} if is_open else described


def describe_function(group: str, function: Any, module: str, without: Collection[str]) -> Json:
    """The catalogue's entry for a function that makes a component.

    Args:
        group: The group of the catalogue.
        function: The function.
        module: The module that exports it.
        without: Arguments that a config does not give.
    """
    docs = _argument_docs(function.__doc__)
    summary = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]
    return {
        "module": module,
        "summary": " ".join(summary.split()),
        "arguments": {
            name: _describe_argument(group, parameter, docs.get(name, ""))
            for name, parameter in inspect.signature(function).parameters.items()
            if name not in without
        },
    }


def _describe_argument(group: str, parameter: inspect.Parameter, doc: str) -> Json:
    default, annotation = parameter.default, parameter.annotation
    required = default is inspect.Parameter.empty
    written = "" if annotation is parameter.empty else inspect.formatannotation(annotation)
    facts = ArgumentFacts(group, parameter.name, default, written.strip("'"), doc)
    argument: Json = {"kind": kind_of_argument(facts), "required": required}
    if not required and _is_json(default):
        argument["default"] = default
    takes_none = "component:" in argument["kind"] or "None" in f"{doc} {facts.annotation}"
    if default is None or (takes_none and not required):
        argument["nullable"] = True
    return {**argument, "doc": _short(doc)}


def _short(doc: str) -> str:
    """The first sentence, and the second if the first is only a type, as in "A float."."""
    sentences = split_sentences(doc)
    return " ".join(sentences[: 2 if len(sentences[0].split()) <= WORDS_OF_A_TYPE else 1])


def _is_json(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_json(item) for item in value)
    return isinstance(value, (bool, int, str, type(None))) or (
        isinstance(value, float) and math.isfinite(value)
    )
