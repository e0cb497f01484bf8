"""Whatever is done to a config: an experiment, or problems that say where; and nothing else.

A few hundred examples are tried here, and NNRUN_CAMPAIGN=1 tries thirty times as many.
"""

import contextlib
import json
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.config.catalogue import load_catalogue
from nnrun.config.diagnostics import problems_to_json, render_problems
from nnrun.config.from_run import FromRun
from nnrun.config.graphs import Graph, GraphInput, GraphLayer, GraphOutput
from nnrun.config.options import keys_of
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError, RunError
from nnrun.experiments.declare import Bases, load
from nnrun.runs.directory import RunDirectory

pytestmark = pytest.mark.faults

MORE = 30 if os.environ.get("NNRUN_CAMPAIGN") else 1
QUIET = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
GALLERY = [
    path.read_bytes() for path in sorted((Path(__file__).parents[2] / "configs").glob("**/*.yaml"))
]
TREES = [yaml.safe_load(text) for text in GALLERY]
CATALOGUE = load_catalogue()
CLASSES = sorted({name for group in CATALOGUE.groups for name in CATALOGUE.names(group)})
ARGUMENTS = sorted(
    {
        argument
        for group in CATALOGUE.groups
        for name in CATALOGUE.names(group)
        if (entry := CATALOGUE.find(group, name))
        for argument in entry.arguments
    }
)
ODD = st.sampled_from(
    [None, True, False, 0, -1, 2**63, 1e308, float("nan"), float("-inf"), "", "~", "null", "1e-4",
     "0x", "20 epochs", "-0 epochs", "nan epochs", "auto", "module:Class", "a:b:c", ":", "x" * 500, "\x1b[2J",
     "../..", "\u202e", "é\u0301", "😀", "\x85", "'", "{epoch}", "class_name", [], {}, [[]], [None], {"": 1},
     'Dense(3, "relu")', "tf.keras.layers.Dense", "Dense(" + "-" * 900, 'f("\\d", **x', "units=3", "Dense(" * 99,
     {"class_name": "Dense"}, "/dev/null", "=1+1"]
)  # fmt: skip
WORDS = st.sampled_from(CLASSES) | st.sampled_from(ARGUMENTS) | st.text(max_size=8)
VALUES = st.recursive(
    ODD | WORDS | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def check(config: Path, content: bytes) -> None:
    """Load, and look at every problem as a person and an editor would see it."""
    config.write_bytes(content)
    try:
        experiment = load(config, bases=Bases(config.parent)).experiment
    except ConfigError as error:
        problems, code = error.problems, error.exit_code
    else:
        assert experiment_to_yaml(experiment)
        return
    assert code == 2
    assert problems
    for problem in problems:
        assert problem.message
        assert problem.place is not None, problem
        assert problem.place.line >= 1
        assert problem.place.column >= 1
    shown = render_problems(problems)
    assert all(char.isprintable() or char == "\n" for char in shown)
    json.dumps(problems_to_json(problems))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The bytes of a config, some of them changed, cut out or put in."""
    content = bytearray(draw(st.sampled_from(GALLERY)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["flip", "cut", "put", "end"])):
            case "flip" if content:
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del content[at : at + draw(st.integers(1, 40))]
            case "put":
                content[at:at] = draw(st.binary(max_size=8) | st.text(max_size=8).map(_encoded))
            case "end":
                del content[at:]
    return bytes(content)


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a tree."""
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    return [path, *(found for key, value in items for found in places(value, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A config whose keys and values were deleted, doubled, exchanged or replaced."""
    tree = deepcopy(draw(st.sampled_from(TREES)))
    for _ in range(draw(st.integers(1, 5))):
        path = draw(st.sampled_from(places(tree)))
        if not path:
            continue
        holder = tree
        for key in path[:-1]:
            holder = holder[key]
        key = path[-1]
        match draw(st.sampled_from(["delete", "rename", "replace", "wrap", "copy"])):
            case "delete":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[draw(WORDS)] = holder.pop(key)
            case "wrap":
                holder[key] = draw(st.sampled_from([[holder[key]], {draw(WORDS): holder[key]}]))
            case "copy":
                from_path = draw(st.sampled_from(places(tree)))
                value = tree
                for part in from_path:
                    value = value[part]
                holder[key] = deepcopy(value)
            case _:
                holder[key] = deepcopy(draw(VALUES))  # what is drawn may be drawn again
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    return _encoded(text)


@st.composite
def components(draw: st.DrawFn) -> bytes:
    """A config whose classes and arguments are any of the catalogue's, with values of any kind."""
    arguments = st.dictionaries(st.sampled_from(ARGUMENTS) | WORDS, VALUES, max_size=4)
    component = st.sampled_from(CLASSES) | st.builds(
        lambda name, given: {name: given}, st.sampled_from(CLASSES) | WORDS, arguments | VALUES
    )
    tree: dict[str, Any] = {"dataset": {"name": "iris"}}
    tree["architecture"] = draw(st.lists(component, max_size=5) | component | VALUES)
    for option in ("optimizer", "schedule", "loss"):
        if draw(st.booleans()):
            tree[option] = draw(component | VALUES)
    for option in ("metrics", "callbacks"):
        if draw(st.booleans()):
            tree[option] = draw(st.lists(component, max_size=3) | VALUES)
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    return _encoded(text)


FORM_KEYS = {
    name for form in (Graph, GraphInput, GraphLayer, GraphOutput, FromRun) for name in keys_of(form)
} | {"MLP", "Dense", "Concatenate", "module:Class", "Adam", "hidden"}


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A config whose architecture mixes the keys of all its forms, on each of its levels."""
    keys = st.sampled_from(sorted(FORM_KEYS))
    tree = st.recursive(
        ODD | keys | st.integers(0, 3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
    architecture = draw(st.dictionaries(keys, tree, min_size=1, max_size=4) | st.lists(tree))
    text: str = yaml.safe_dump(
        {"dataset": {"name": "iris"}, "architecture": architecture}, allow_unicode=True
    )
    return _encoded(text)


@given(damaged())
@settings(QUIET, max_examples=120 * MORE)
def test_damaged_bytes(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "theirs.yaml", content)


@given(mutated())
@settings(QUIET, max_examples=120 * MORE)
def test_mutated_trees(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "theirs.yaml", content)


@given(components())
@settings(QUIET, max_examples=100 * MORE)
def test_any_components(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "theirs.yaml", content)


@given(forms())
@settings(QUIET, max_examples=100 * MORE)
def test_any_form_of_architecture(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "theirs.yaml", content)


@given(st.lists(damaged() | mutated(), min_size=2, max_size=3))
@settings(QUIET, max_examples=30 * MORE)
def test_configs_that_extend_each_other(tmp_path: Path, contents: list[bytes]) -> None:
    for number, content in enumerate(contents[1:], start=1):
        following = f"\nextends: base{number + 1}.yaml\n".encode()
        (tmp_path / f"base{number}.yaml").write_bytes(
            content + (following if number + 1 < len(contents) else b"")
        )
    check(tmp_path / "theirs.yaml", contents[0] + b"\nextends: base1.yaml\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(["record", "metrics"]), st.integers(0, 30), JSON, st.booleans())
@settings(QUIET, max_examples=60 * MORE)
def test_records_of_any_values(
    make_run: Callable[..., RunDirectory], name: str, which: int, value: Any, below: bool
) -> None:
    """A value of `run.json` or `metrics.json` exchanged: a view of the run, or a refusal."""
    from nnrun.analysis.list_view import list_view
    from nnrun.analysis.listing import list_rows
    from nnrun.analysis.run_view import read_report, run_view
    from nnrun.json_text import json_text
    from nnrun.pages.terminal import Screen, screen_text
    from nnrun.runs.index import list_runs

    runs = Path(make_run.args[0])  # type: ignore[attr-defined] # it is a partial
    run = RunDirectory(runs / "theirs")
    if not run.path.exists():
        make_run("theirs", [0.5, 0.75], test=0.5)
    path = getattr(run, name)
    before = path.read_bytes()
    tree = json.loads(before)
    key = list(tree)[which % len(tree)]
    if below and isinstance(tree[key], dict) and tree[key]:
        tree[key][next(iter(tree[key]))] = value
    else:
        tree[key] = value
    path.write_text(json.dumps(tree))
    with contextlib.suppress(RunError):
        screen_text(run_view(read_report(run)), Screen())
    listing = list_rows(list_runs(runs))
    assert screen_text(list_view(listing, ""), Screen())
    json_text(listing.to_json())
    path.write_bytes(before)
