"""`nnrun show CONFIG`: the card before the run."""

import json

import typer

from nnrun.cli.options import ConfigArgument, JsonOption, SetOption, gather_overrides


def show_cli(
    config: ConfigArgument,
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a config would run, before it runs.

    The config with every default (what differs from them is marked), the model layer by layer, the
    split of the rows, the memory, the time estimated from a few steps that are really made, the
    learning rate over the training, and what is doubtful about the data. Nothing is written.

    \b
    Example:
      $ nnrun show configs/digits_mlp.yaml --set training.batch_size=128
    """
    from nnrun.experiment import describe

    card = describe(config, overrides=gather_overrides(changes))
    if as_json:
        typer.echo(json.dumps(card.to_json(), indent=2))
        return
    from rich.console import Console

    from nnrun.reports.card import card_view

    Console(highlight=False).print(card_view(card), soft_wrap=True)
