"""What `nnrun lr-find` recommends, against ten rates that are trained to the end.

    NNRUN_DATA=... python -m benchmarks.learning_rates [NETWORK...] [--seeds 1 2] [--keep FOLDER]

For each network of configs/learning_rates.yaml and each seed: the search with the budget that it
takes by itself and with the one that it takes for a large training (one training, and ten epochs at
least), and ten trainings from 1e-4 to 1 on a log grid.
All make the steps that `nnrun train` makes, bit for bit. What counts is the validation accuracy of
the best epoch, or the validation loss of a regression, which a run would save the model of. With
--keep the figures of every network are kept in a folder, and those that are there are not made again.
What is further behind than it may be is printed in bold.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.machine import describe_machine

NETWORKS = Path(__file__).with_name("configs") / "learning_rates.yaml"
GRID = [10 ** (-4 + 4 * step / 9) for step in range(10)]
POINTS, SHARE = 1.0, 15.0
"""How far behind the best of ten a recommendation may be: accuracy in points, loss in per cent."""


def measure(name: str, config: dict[str, Any], seed: int) -> dict[str, Any]:
    """The figures of one network and seed."""
    from nnrun.analysis.lr_conclusion import conclude
    from nnrun.analysis.lr_measures import looks_too_high
    from nnrun.analysis.lr_suggestions import suggest_rates
    from nnrun.experiments.lr_find import TRIAL_EPOCHS, RateFinder, trial_budget
    from nnrun.experiments.lr_request import SearchRange, with_constant_rate
    from nnrun.experiments.prepare import build, prepare
    from nnrun.training.choosing import engine_of

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config))
        prepared, _ = with_constant_rate(prepare(path, [f"seed={seed}"]))
    model = build(prepared)
    engine = engine_of(prepared.experiment, model, prepared.splits.train)
    search = RateFinder(prepared, model, SearchRange(), engine.name, lambda _: None)
    curve = search.range_test()
    advice = suggest_rates(curve)
    figure = "val_accuracy" if "val_accuracy" in recorded(search) else "val_loss"
    budget = trial_budget(prepared, model)
    found = {}
    least = max(TRIAL_EPOCHS, budget.epochs)
    for title, limit in (("itself", budget.total), ("large", least)):
        outcome = search.try_rates(curve, advice, trial_budget(prepared, model, limit))
        rate = conclude(advice, curve, outcome, budget.epochs).recommended
        high = rate is not None and looks_too_high(search.train(rate, budget.epochs))
        found[title] = {"rate": rate, "epochs": outcome.spent, "looks_too_high": high}
    rates = [*GRID, *(one["rate"] for one in found.values() if one["rate"] is not None)]
    return {
        "name": name,
        "seed": seed,
        "optimizer": prepared.experiment.optimizer.name,
        "epochs": budget.epochs,
        "figure": figure,
        "turning": advice.turning,
        "found": found,
        "reached": {rate: reached(search, rate, budget.epochs, figure) for rate in rates},
    }


def recorded(search: Any) -> list[str]:
    """The figures of an epoch, the validation's among them."""
    return [f"val_{name}" for name in search.model.get_metrics_result()]


def reached(search: Any, rate: float, epochs: int, figure: str) -> float | None:
    """The figure of the best epoch of a training at a rate; None if it diverged."""
    trial, plan = search.train(rate, epochs), search.trials.plan
    if trial.diverged:
        return None
    best = min if plan.mode == "min" else max
    return best(trial.epochs, key=lambda figures: figures[plan.monitor])[figure]


def difference(told: dict[str, Any], rate: float | None) -> float | None:
    """How far a rate is behind the best of ten: points of accuracy, per cent of the loss."""
    own = None if rate is None else told["reached"][str(rate)]
    ten = [told["reached"][str(value)] for value in GRID]
    ten = [value for value in ten if value is not None]
    if own is None:
        return None
    if told["figure"] == "val_accuracy":
        return 100 * (max(ten) - own)
    return 100 * (own / min(ten) - 1)


def is_behind(told: dict[str, Any], rate: float | None) -> bool:
    """Whether a rate is further behind than it may be, or diverged."""
    behind = difference(told, rate)
    limit = POINTS if told["figure"] == "val_accuracy" else SHARE
    return behind is None or behind > limit + 1e-9


def row(told: dict[str, Any]) -> str:
    """A line of the table."""
    accuracy = told["figure"] == "val_accuracy"
    ten = {rate: told["reached"][str(rate)] for rate in GRID}
    ten = {rate: value for rate, value in ten.items() if value is not None}
    best = (max if accuracy else min)(ten, key=ten.__getitem__)
    cells = [told["name"], told["optimizer"], str(told["seed"]), f"{ten[best]:.4g} at {best:.2g}"]
    for found in told["found"].values():
        rate, behind = found["rate"], difference(told, found["rate"])
        trainings = f"{found['epochs'] / told['epochs']:.1f}"
        if behind is None:
            cells += ["none" if rate is None else f"diverged at {rate:g}", "**-**", trainings]
            continue
        text = f"{behind:+.1f} {'points' if accuracy else '%'}"
        text = f"**{text}**" if is_behind(told, rate) else text
        cells += [f"{told['reached'][str(rate)]:.4g} at {rate:g}", text, trainings]
    return "| " + " | ".join(cells) + " |"


def summary(all_told: list[dict[str, Any]], title: str) -> str:
    """How often a recommendation did not do."""
    found = [(told, told["found"][title]) for told in all_told]
    behind = sum(is_behind(told, one["rate"]) for told, one in found)
    diverged = sum(difference(told, one["rate"]) is None for told, one in found)
    high = sum(one["looks_too_high"] for _, one in found)
    return (
        f"{title}: {behind} of {len(found)} further behind than {POINTS:g} point or {SHARE:g} %, "
        f"{diverged} of them without a rate or diverged; {high} called too high by the diagnosis"
    )


def measured(names: list[str], seeds: list[int], kept: Path) -> Iterator[dict[str, Any]]:
    """The figures of every network and seed, made where they are not kept yet."""
    networks = yaml.safe_load(NETWORKS.read_text())
    for name in names or networks:
        for seed in seeds:
            file = kept / f"{name}.{seed}.json"
            if not file.exists():
                file.write_text(json.dumps(measure(name, networks[name], seed)))
            yield json.loads(file.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    print(describe_machine())
    print("| network | optimizer | seed | best of ten | by itself | behind | trainings |", end="")
    print(" as a large one | behind | trainings |\n" + 10 * "|---" + "|")
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        all_told = []
        for told in measured(options.networks, options.seeds, kept):
            all_told.append(told)
            print(row(told), flush=True)
    for title in ("itself", "large"):
        print(summary(all_told, title))


if __name__ == "__main__":
    main()
