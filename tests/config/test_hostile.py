"""Whatever text is given: an experiment, or problems that say where; never anything else."""

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnrun.config.diagnostics import problems_to_json, render_problems
from nnrun.config.loading import load_experiment
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.options import options_of
from nnrun.config.reader import read_yaml
from nnrun.config.schema import Experiment
from nnrun.config.writer import experiment_to_yaml, write_yaml
from nnrun.errors import ConfigError

SEEDS = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[2] / "configs").glob("**/*.yaml"))
]
PIECES = [
    "\t", "\n", "  ", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!x ", "'", '"', "|", ">", "#", "? ", "<<: *a",
    "---\n", "...\n", "%YAML 1.2\n", "null", "true", "-1", "1e999", ".nan", "0x", "Dense", "Adam", "relu",
    "name: ", "extends: x", '"\\ud800"', "\x85", "\u2028", "\ufeff", "é", "😀", "\x00", "\x1b", "units", "from_logits",
]  # fmt: skip
SETTINGS = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def problems_of(config, overrides=()):
    try:
        experiment = load_experiment(config, overrides)
    except ConfigError as error:
        return error.problems
    assert experiment_to_yaml(experiment)
    return ()


def check(config, overrides=()):
    """Load, and look at the problems if there are any."""
    problems = problems_of(config, overrides)
    for problem in problems:
        assert problem.message
        assert problem.place is not None, problem
        assert problem.place.line >= 1
        assert problem.place.column >= 1
    rendered = render_problems(problems)
    assert all(char.isprintable() or char == "\n" for char in rendered)
    assert len(problems_to_json(problems)) == len(set(problems))


@pytest.fixture
def config(tmp_path):
    return tmp_path / "mine.yaml"


CHARACTERS = st.characters(exclude_categories=["Cs"])


@given(st.lists(CHARACTERS | st.sampled_from(PIECES), max_size=30).map("".join))
@settings(SETTINGS, max_examples=1500)
def test_any_text(text):
    with contextlib.suppress(ConfigError):
        read_yaml(text, "x")


@st.composite
def mutations(draw):
    """A config of the gallery with pieces cut out, doubled, exchanged and put in."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        kind = draw(st.sampled_from(["cut", "put", "double", "exchange"]))
        piece = draw(st.sampled_from(PIECES))
        middle = {"cut": "", "put": piece + text[start:end], "double": text[start:end] * 2}
        text = text[:start] + middle.get(kind, piece) + text[end:]
    return text


@given(mutations())
@settings(SETTINGS, max_examples=500)
def test_mutated_configs(config, text):
    config.write_bytes(text.encode("utf-8", "surrogatepass"))
    check(config)


def sections(section=Experiment):
    """Mappings with a section's keys and values that may be of any kind."""
    names = [*options_of(section), "unknown"]
    inner = {
        name: item.metadata["kind"].type
        for name, item in options_of(section).items()
        if isinstance(item.metadata["kind"], SectionOf)
    }
    pairs = st.sampled_from(names).flatmap(
        lambda name: st.tuples(st.just(name), sections(inner[name]) | ANY if name in inner else ANY)
    )
    return st.lists(pairs, max_size=5).map(dict)


WORDS = st.sampled_from(
    ["digits", "Dense", "Adam", "relu", "softmax", "mse", "EarlyStopping", "auto", "20 epochs", "MLP",
     "my:Own", "Lambda", "x" * 300, "", "val_loss", "balanced", "CosineDecay", "l2", "RNN", "LSTM",
     "units", "learning_rate", "monitor", "name", "cell", "layer", "rate", "from_logits", "csv", "path"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(sections())
@settings(SETTINGS, max_examples=300)
def test_trees_of_any_values(config, tree):
    text = write_yaml(tree).encode("utf-8", "replace")
    if tree:
        config.write_bytes(text)
        check(config)


@given(
    st.lists(
        st.text(max_size=20)
        | st.builds(
            "{}={}".format,
            st.lists(WORDS | st.sampled_from(["training", "architecture", "0", "1", "optimizer"]), max_size=4).map(".".join),
            st.text(max_size=6) | st.sampled_from(PIECES),
        ),
        max_size=3,
    )
)  # fmt: skip
@settings(SETTINGS, max_examples=250)
def test_any_overrides(config, overrides):
    config.write_text(SEEDS[0], encoding="utf-8")
    check(config, overrides)


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        "a: \ud800".encode("utf-8", "surrogatepass"),
        b"\x80" * 100_000,
        "name: a\n".encode("utf-16"),
        b"x" * 2_000_000,
        b"[" * 200_000,
        b"architecture: [" + b"Dense, " * 9_000 + b"]",
        b"dataset: {" + b", ".join(b"k%d: 1" % number for number in range(9_000)) + b"}",
    ],
    ids=range(9),
)
def test_hostile_files_are_refused_soon(config, text):
    config.write_bytes(text)
    start = time.perf_counter()
    with pytest.raises(ConfigError) as caught:
        load_experiment(config)
    render_problems(caught.value.problems)
    assert time.perf_counter() - start < 5
