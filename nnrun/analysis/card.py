"""The card before a run: what a config would do, on one screen."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnrun.config.label_scales import LABEL_SCALES
from nnrun.config.options import is_default_option, options_of, to_plain
from nnrun.config.schema import Experiment
from nnrun.config.search import Search
from nnrun.config.tasks import NUMBERS, what_is_predicted
from nnrun.config.writer import write_yaml
from nnrun.pages.document import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Heading,
    Lines,
    Plot,
    Sheet,
    Text,
)
from nnrun.pages.numbers import format_figure, format_seconds
from nnrun.runs.directory import format_bytes

CARD_FORMAT = 1
_RATE_WIDTH, _RATE_HEIGHT = 60, 8
_UNCOUNTED = 10**9
SEVERAL = "several"
"""The task of a model with several outputs."""


@dataclasses.dataclass(frozen=True)
class LayerRow:
    """A layer as the card shows it.

    Attributes:
        name: Its name.
        kind: Its class.
        shape: The shape of what it gives for a row.
        parameters: How many it has.
        frozen: Whether its weights stay as they are.
        sources: In a graph, the layers that it is applied to.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    frozen: bool = False
    sources: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class OutputRow:
    """An output as the card shows it.

    Attributes:
        name: Its name.
        task: What it predicts.
        classes: Names of the classes; empty where a row does not belong to one class.
        targets: Names of the columns that it predicts, where there are several.
        loss: The class of its loss.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    targets: tuple[str, ...]
    loss: str

    def __str__(self) -> str:
        if self.targets:
            noun = what_is_predicted(self.task) or NUMBERS
            return f"{self.task}, {len(self.targets)} {noun}"
        return f"{self.task}, {len(self.classes)} classes" if self.classes else self.task


@dataclasses.dataclass(frozen=True)
class Card:
    """What a config would run.

    Attributes:
        experiment: The checked config.
        task: `regression`, `binary`, `multiclass`, `multilabel` or `autoencoder`; `several` where
            there are several outputs.
        classes: Names of the classes; empty where a row does not belong to one class.
        targets: Names of the columns that are predicted, where there are several.
        outputs: The outputs.
        rows: Rows of each part.
        source: Where the rows come from.
        layers: The model.
        parameters: How many the model has, trainable or not.
        loss: The class of the loss.
        steps: Training steps in an epoch.
        memory: Bytes for `data`, `weights` (with gradients and the optimizer's) and `activations`.
        engine: The engine's name, and why.
        device: What would train it.
        seconds: Estimated: `compiling`, `epoch` and `training`, from steps that were made.
        rates: The learning rate over the training, at evenly spaced steps.
        warnings: What is doubtful about the data.
    """

    experiment: Experiment
    task: str
    classes: Sequence[str]
    targets: Sequence[str]
    outputs: Sequence[OutputRow]
    rows: Mapping[str, int]
    source: str
    layers: Sequence[LayerRow]
    parameters: int
    loss: str
    steps: int
    memory: Mapping[str, int]
    engine: str
    device: str
    seconds: Mapping[str, float]
    rates: Sequence[float]
    warnings: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """The card as data; `config` is the experiment with every default."""
        fields = {
            item.name: getattr(self, item.name)
            for item in dataclasses.fields(self)
            if item.name != "experiment"
        }
        fields["layers"] = [dataclasses.asdict(layer) for layer in self.layers]
        fields["outputs"] = [dataclasses.asdict(output) for output in self.outputs]
        return {"format": CARD_FORMAT, "config": to_plain(self.experiment), **fields}


def card_view(card: Card) -> Document:
    """The card as a document."""
    blocks: list[Block] = [
        Heading("config (* differs from the default)"),
        Code(
            [
                Cell(f"* {line}") if differs else Cell(f"  {line}", "quiet")
                for line, differs in marked_lines(card.experiment)
            ]
        ),
        _layer_sheet(card),
        _facts(card),
    ]
    if len(set(card.rates)) > 1:
        blocks.append(Heading("learning rate over the training"))
        blocks.append(Plot({"": card.rates}, _RATE_WIDTH, _RATE_HEIGHT))
    if card.warnings:
        blocks.append(Lines([Cell(f"warning: {warning}", "doubt") for warning in card.warnings]))
    return Document(card.experiment.name, blocks, card.to_json)


def marked_lines(section: Any, indent: int = 0) -> Iterator[tuple[str, bool]]:
    """The lines of a section as YAML, each with whether it differs from the default."""
    for name, item in options_of(type(section)).items():
        value = getattr(section, name)
        pad = "  " * indent
        if dataclasses.is_dataclass(value) and hasattr(item.metadata["kind"], "type"):
            yield f"{pad}{name}:", not is_default_option(section, name)
            yield from marked_lines(value, indent + 1)
        elif value not in (None, {}, ()):
            plain = to_plain(section)[name]
            for line in write_yaml({name: plain}).splitlines():
                yield f"{pad}{line}", not is_default_option(section, name)


def _layer_sheet(card: Card) -> Sheet:
    is_graph = any(layer.sources for layer in card.layers)
    last = ["from"] if is_graph else []
    rows: list[list[Text]] = []
    for layer in card.layers:
        shape = " x ".join("?" if size is None else str(size) for size in layer.shape)
        kind = f"{layer.kind} (frozen)" if layer.frozen else layer.kind
        sources = [", ".join(layer.sources)] if is_graph else []
        rows.append(["", layer.name, kind, shape, f"{layer.parameters:,}", *sources])
    rows.append(["", "", "", "", Cell(f"{card.parameters:,}", "strong"), *[""] * len(last)])
    columns = ["model", "layer", "class", "output shape", "parameters", *last]
    return Sheet("", columns, rows, frozenset({0, 1, 2, 3, 5}))


def _facts(card: Card) -> Facts:
    rows = ", ".join(f"{count:,} {part}" for part, count in card.rows.items())
    predicted = str(card.outputs[0])
    if len(card.outputs) > 1:
        predicted = ", ".join(f"{output.name} ({output})" for output in card.outputs)
    epochs, batch = card.experiment.training.epochs, card.experiment.training.batch_size
    memory = ", ".join(f"{name} {format_bytes(size)}" for name, size in card.memory.items())
    seconds = {name: format_seconds(value) for name, value in card.seconds.items()}
    scaled = card.experiment.dataset.preprocess.target
    facts = {
        "data": f"{rows} rows; {predicted}; {card.source}",
        "loss": f"{card.loss}, of {LABEL_SCALES[scaled]}" if scaled else card.loss,
        "steps": f"{card.steps:,} an epoch of {batch} rows each, {epochs} epochs",
        "learning rate": _rate_text(card.rates),
        "memory": memory,
        "engine": f"{card.engine}; {card.device}",
        "time": f"about {seconds['training']} ({seconds['epoch']} an epoch, "
        f"{seconds['compiling']} to compile)",
    }
    if card.experiment.search is not None:
        facts["search"] = search_in_words(card.experiment.search)
    return Facts(facts)


def search_in_words(search: Search) -> str:
    """What a search would try, in a line: so many trials of how large a space."""
    space, asked = search.settings, search.trials_asked
    size = "infinitely many configs"
    if space.size is not None:
        is_large = space.size >= _UNCOUNTED
        size = f"10^{len(str(space.size)) - 1} configs" if is_large else f"{space.size:,} configs"
    most = [number for number in (asked, space.size) if number is not None]
    trials = [f"{min(most):,} trials"] if most else []
    within = [f"within {search.time}"] if search.time else []
    varied = ", ".join(dimension.name for dimension in space.dimensions)
    return f"{varied}: {size}; {search.method}, {' '.join([*trials, *within])}"


def _rate_text(rates: Sequence[float]) -> str:
    if len(set(rates)) <= 1:
        return f"{format_figure(rates[0])}, constant" if rates else "unknown"
    return f"{format_figure(rates[0])} at first, {format_figure(rates[-1])} at the end"
