"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[Path, typer.Argument(help="The YAML file.", metavar="CONFIG")]

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the config, as in training.epochs=5; may be given several times.",
    ),
]

RunsDirOption = Annotated[
    Path, typer.Option("--runs-dir", metavar="DIR", help="Where the runs lie.")
]

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs, and nothing else.")
]

RunArgument = Annotated[
    str, typer.Argument(help="A run: path, name, beginning of it, or `latest`.", metavar="RUN")
]

TrustOption = Annotated[
    bool, typer.Option("--trust", help="Let code run that the config names (module:Class).")
]


def gather_overrides(
    changes: list[str] | None, seed: int | None = None, name: str | None = None
) -> list[str]:
    """All changes to a config in the form of --set; --seed and --name come last."""
    overrides = list(changes or [])
    if seed is not None:
        overrides.append(f"seed={seed}")
    if name is not None:
        overrides.append(f"name={name!r}")
    return overrides
