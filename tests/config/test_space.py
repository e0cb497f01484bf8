"""What a config says of a search becomes a space, each of whose settings is a config."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.domains import Range
from nnrun.config.loading import load_experiment
from nnrun.config.options import to_plain
from nnrun.config.search import Search
from nnrun.config.space import Space
from nnrun.config.writer import experiment_to_yaml, overrides_of, write_flow

CONFIG = Path("mine.yaml")
BASE = """\
dataset: {name: digits, split: {validation: 0.2}}
architecture: {MLP: {hidden: [32], activation: relu}}
optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}
training: {epochs: 5}
"""
DESIGN = (
    BASE
    + """\
search:
  space:
    architecture.MLP.hidden: {each: {from: 16, to: 512, log: true}, times: {from: 1, to: 3}}
    regularization: {dropout: [0, {from: 0.05, to: 0.5}]}
    optimizer:
      - AdamW: {learning_rate: {from: 1e-5, to: 1e-2, log: true}, weight_decay: [0, 1e-3]}
      - SGD: {learning_rate: {from: 1e-3, to: 1, log: true}, momentum: [0, 0.9]}
    training.batch_size: {from: 32, to: 512, log: true}
  together:
    - [{schedule: null}, {schedule: {CosineDecay: {decay_steps: 60 epochs}}, training.epochs: 60}]
  time: 30 min
"""
)


def search_of(text: str, *overrides: str) -> Search:
    search = load_experiment(CONFIG, overrides, text=text, to_be_trained=True).search
    assert search is not None
    return search


def space_of(space: str, *overrides: str) -> Space:
    return search_of(f"{BASE}search:\n  space: {{{space}}}\n", *overrides).settings


def test_both_forms_of_a_path_mean_the_same() -> None:
    dotted = space_of("training.batch_size: [32, 64], optimizer.SGD.momentum: [0, 0.9]")
    mirrored = space_of("training: {batch_size: [32, 64]}, optimizer: {SGD: {momentum: [0, 0.9]}}")
    assert dotted == mirrored
    assert dotted.paths == ("training.batch_size", "optimizer.SGD.momentum")
    assert list(map(overrides_of, dotted.settings()))[:2] == [
        ("training.batch_size=32", "optimizer.SGD.momentum=0"),
        ("training.batch_size=32", "optimizer.SGD.momentum=0.9"),
    ]


@pytest.mark.parametrize(
    ("space", "ranges"),
    [
        ("training.batch_size: {from: 8, to: 64}", {"training.batch_size": True}),
        ("optimizer.SGD.momentum: {from: 0, to: 1}", {"optimizer.SGD.momentum": False}),
        ("optimizer.SGD.learning_rate: {from: 1, to: 3}", {"optimizer.SGD.learning_rate": False}),
        ("regularization.dropout: [0, {from: 0.1, to: 0.5}]", {"regularization.dropout:1": False}),
        (
            "optimizer: {'my.own:Descent': {rate: {from: 1, to: 3}, other: {from: 1.0, to: 3}}}",
            {
                "optimizer.my.own:Descent.rate": True,
                "optimizer.my.own:Descent.other": False,
            },
        ),
    ],
)
def test_whole_ends_mean_whole_numbers_where_no_others_fit(
    space: str, ranges: dict[str, bool]
) -> None:
    """Or, among the arguments of a class of one's own, where they are written so."""
    found = space_of(space).parameters
    assert {p.name: p.domain.whole for p in found if isinstance(p.domain, Range)} == ranges


def test_a_choice_between_lists_is_a_list_of_lists() -> None:
    assert list(space_of("architecture.MLP.hidden: [[32], [64, 32], []]").settings()) == [
        {"architecture.MLP.hidden": [32]},
        {"architecture.MLP.hidden": [64, 32]},
        {"architecture.MLP.hidden": []},
    ]


def test_values_that_belong_together_come_together() -> None:
    space = search_of(
        BASE
        + "search: {together: [[{schedule: null}, {schedule: {CosineDecay: {decay_steps: 900}}, "
        "training: {epochs: 9, batch_size: {from: 16, to: 64, step: 48}}}]]}\n"
    ).settings
    assert space.paths == ("schedule", "training.epochs", "training.batch_size")
    long = {"schedule": {"CosineDecay": {"decay_steps": 900}}, "training.epochs": 9}
    found = list(space.settings())
    assert found == [
        {"schedule": None},
        {**long, "training.batch_size": 16},
        {**long, "training.batch_size": 64},
    ]
    assert [space.answers(setting) is not None for setting in (*found, long)] == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_setting_from_elsewhere_is_outside() -> None:
    space = space_of("training.batch_size: [32, 64]")
    assert space.answers({"training.batch_size": 48}) is None
    assert space.answers({}) is None
    assert space.answers({"training.batch_size": 32, "training.epochs": 3}) is None


def test_the_values_of_a_file_that_is_extended_make_way(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE + "search: {space: {training.epochs: [1, 2, 3]}}\n")
    (tmp_path / "mine.yaml").write_text(
        "extends: base.yaml\nsearch: {trials: 2, space: {training: {epochs: [5, 6]}}}\n"
    )
    search = load_experiment(tmp_path / "mine.yaml").search
    assert search is not None
    assert search.trials == 2
    assert list(search.settings.settings()) == [{"training.epochs": 5}, {"training.epochs": 6}]
    changed = load_experiment(tmp_path / "mine.yaml", ["search.space.training.epochs=[7]"]).search
    assert changed is not None
    assert list(changed.settings.settings()) == [{"training.epochs": 7}]


def test_what_needs_validation_rows_may_be_varied_over_folds() -> None:
    text = BASE.replace(", split: {validation: 0.2}", "") + (
        "search:\n  folds: 5\n  metric: val_accuracy\n  space:\n"
        "    callbacks: [[], [EarlyStopping: {patience: 3}]]\n"
    )
    assert search_of(text).settings.size == 2


def test_a_search_is_no_part_of_a_run() -> None:
    searched, plain = (load_experiment(CONFIG, text=text) for text in (DESIGN, BASE))
    assert experiment_to_yaml(searched) == experiment_to_yaml(plain)
    assert load_experiment(CONFIG, ["search=null"], text=DESIGN) == plain


def test_a_search_is_written_as_it_was_read() -> None:
    search = search_of(DESIGN)
    text = BASE + f"search: {write_flow(to_plain(search))}\n"
    assert search_of(text) == search
    assert search_of(text).settings == search.settings
    assert to_plain(search)["time"] == "30 min"


DIMENSIONS = {
    "architecture.MLP.hidden": [
        "{each: {from: 16, to: 512, log: true}, times: {from: 1, to: 3}}",
        "{each: [8, {from: 16, to: 32}], times: [0, 2]}",
        "[[8], [{from: 8, to: 16}, 4]]",
    ],
    "regularization.dropout": ["[0, {from: 0.05, to: 0.5}]", "{from: 0, to: 0.5, step: 0.1}"],
    "architecture.MLP.activation": ["[relu, elu, {LeakyReLU: {from: 0.01, to: 0.3}}]"],
    "optimizer": [
        "[AdamW: {learning_rate: {from: 1e-5, to: 1e-2, log: true}, weight_decay: [null, 1e-3]}, "
        "SGD: {learning_rate: {from: 1e-3, to: 1, log: true}, nesterov: [true, false]}, RMSprop]",
    ],
    "training": [
        "{batch_size: {from: 32, to: 512, log: true}, epochs: {from: 5, to: 20, step: 5}}"
    ],
    "schedule": ["[null, ExponentialDecay: {decay_steps: [20 epochs], decay_rate: [0.1, 0.5]}]"],
    "metrics": ["[[accuracy, {SparseTopKCategoricalAccuracy: 3}], [accuracy]]"],
}
COUPLED = [
    "[[{loss: null}, {loss: sparse_categorical_crossentropy, runtime.precision: float32}]]",
    "[[{tensorboard.histogram_freq: {from: 1, to: 3}}, {runtime: {engine: graph}}], "
    "[{callbacks: []}, {callbacks: [EarlyStopping: {patience: {from: 1, to: 9}}]}]]",
]


@st.composite
def searches(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(sorted(DIMENSIONS)), min_size=1, unique=True))
    lines = [f"    {name}: {draw(st.sampled_from(DIMENSIONS[name]))}\n" for name in names]
    together = draw(st.sampled_from([None, *COUPLED]))
    coupled = f"  together: {together}\n" if together else ""
    return f"{BASE}search:\n  metric: val_accuracy\n{coupled}  space:\n{''.join(lines)}"


@settings(max_examples=30)
@given(searches(), st.randoms())
def test_every_setting_is_a_config_and_is_found_again(text: str, random: object) -> None:
    space = search_of(text).settings
    shares = {parameter.name: random.random() for parameter in space.parameters}
    setting = space.at(shares)
    experiment = load_experiment(
        CONFIG, ["search=null", *overrides_of(setting)], text=text, to_be_trained=True
    )
    assert experiment.search is None
    answers = space.answers(setting)
    assert answers is not None
    assert space.build(lambda parameter: answers[parameter.name]) == setting
    assert answers.keys() <= shares.keys()


@settings(max_examples=15)
@given(searches())
def test_the_settings_of_a_finite_space_are_as_many_as_it_says(text: str) -> None:
    space = search_of(text).settings
    if space.size is not None and space.size < 3000:
        texts = [write_flow(setting) for setting in space.settings()]
        assert len(set(texts)) == len(texts) == space.size
