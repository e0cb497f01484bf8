"""The generator, against the installed Keras."""

import json

import pytest

from nnrun.cataloguing.__main__ import differences, write_catalogue, written
from nnrun.cataloguing.argument_kinds import ArgumentFacts, default_fits, kind_of_argument
from nnrun.cataloguing.collecting import KERAS, LEFT_OUT, REFUSED, collect, keras_classes
from nnrun.config.catalogue import PACKAGED, Catalogue

SIMPLE = {"boolean", "integer", "number", "fraction", "magnitude", "text"}


@pytest.fixture(scope="module")
def fresh():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        return json.loads(written(collect()))


def test_packaged_catalogue_is_fresh(fresh):
    stale = list(differences(json.loads(PACKAGED.read_bytes()), fresh))
    assert stale == [], "run `python -m nnrun.cataloguing`"


@pytest.mark.parametrize("group", KERAS)
def test_every_class_of_keras_is_told(fresh, group):
    catalogue = Catalogue(fresh)
    told = {name for name in keras_classes(group) if catalogue.find(group, name)}
    assert set(keras_classes(group)) - told <= LEFT_OUT.get(group, set())


def test_refused_classes_have_a_reason_and_no_entry(fresh):
    for group, reasons in REFUSED.items():
        for name, reason in reasons.items():
            assert reason.endswith(".")
            assert name not in fresh["components"][group]


def test_keras_own_defaults_pass_their_kinds(fresh):
    for group, entries in fresh["components"].items():
        for name, entry in entries.items():
            for argument, told in entry["arguments"].items():
                if told["kind"] in SIMPLE or told["kind"].startswith("choice:"):
                    assert default_fits(told["kind"], told.get("default")), (group, name, argument)


def test_aliases_resolve_in_keras(fresh):
    import importlib

    for group, aliases in fresh["aliases"].items():
        module = importlib.import_module(KERAS.get(group, (f"keras.{group}",))[0])
        for alias, name in aliases.items():
            if name is not None:
                assert name in fresh["components"][group]
                assert hasattr(module, alias) or module.get(alias) is not None
            elif group == "activations":
                assert callable(module.get(alias))


def test_arguments_handed_on_to_a_base_class_are_told(fresh):
    layers = fresh["components"]["layers"]
    assert "zero_output_for_mask" in layers["LSTM"]["arguments"]
    assert "cell" not in layers["LSTM"]["arguments"]
    assert "rank" not in layers["Conv2D"]["arguments"]
    assert "layer" in layers["SpectralNormalization"]["arguments"]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("int", "integer"),
        ("float | None", "number"),
        ("bool", "boolean"),
        ("list[int]", "list:integer"),
        ("tuple[float, ...]", "list:number"),
        ("collections.abc.Sequence[int]", "list:integer"),
        ("int | list[int]", "integer|list:integer"),
        ("Literal['a', 'b']", "choice:a|b"),
        ("Callable[[int], float]", "any"),
        ("", "any"),
    ],
)
def test_kind_follows_from_the_annotation(annotation, kind):
    assert kind_of_argument(ArgumentFacts("presets", "thing", None, annotation, "")) == kind


@pytest.mark.parametrize(
    ("doc", "default", "kind"),
    [
        ("Positive integer, dimensionality of the output space.", ..., "integer"),
        ("int or tuple/list of 2 integers.", ..., "any"),
        ("A float value or a constant float tensor.", 0.9, "number"),
        ("A weight. It can be a list of floats or a scalar.", 0.25, "any"),
        ("Integer, a number.", 0.5, "number"),
        ('One of `{"auto", "min", "max"}`.', "auto", "choice:auto|min|max"),
        ('Either `"epoch"` or integer.', "epoch", "any"),
        ('One of `"a"`, `"b"`.', "c", "any"),
        ("Anything.", True, "boolean"),
        ("String, a word.", ..., "text"),
    ],
)
def test_kind_follows_from_the_docstring(doc, default, kind):
    default = None if default is ... else default
    assert kind_of_argument(ArgumentFacts("layers", "thing", default, "", doc)) == kind


def test_check_names_what_is_stale(fresh, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("nnrun.cataloguing.__main__.collect", lambda: fresh)
    path = tmp_path / "deep" / "catalogue.json"
    assert write_catalogue(["--output", str(path)]) == 0
    assert write_catalogue(["--output", str(path), "--check"]) == 0
    stale = json.loads(path.read_bytes())
    del stale["components"]["layers"]["Dense"]
    stale["components"]["layers"]["Dropout"]["arguments"]["rate"]["kind"] = "any"
    path.write_text(json.dumps(stale))
    assert write_catalogue(["--output", str(path), "--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "components.layers.Dense is new",
        'components.layers.Dropout.arguments.rate.kind: "any" is now "fraction"',
    ]
    assert [file.name for file in path.parent.iterdir()] == ["catalogue.json"]
