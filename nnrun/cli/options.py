"""Arguments and options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nnrun.pages.document import PAGE_SUFFIXES

MOST_JOBS = 256

ConfigArgument = Annotated[Path, typer.Argument(help="The YAML file.", metavar="CONFIG")]

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the config, as in training.epochs=5; can be repeated.",
    ),
]

SeedOption = Annotated[int | None, typer.Option(help="Use this seed instead of the config's.")]

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]

FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Begin a new study, even if one of this config exists.")
]

RunsDirOption = Annotated[
    Path, typer.Option("--runs-dir", metavar="DIR", help="Where the runs are.")
]

NewRunsDirOption = Annotated[
    Path,
    typer.Option("--runs-dir", metavar="DIR", help="Where the new directory is created."),
]

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs, and nothing else.")
]

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Also write it to FILE (.html, .md or .json), replacing it if it exists.",
    ),
]

RunArgument = Annotated[
    str, typer.Argument(help="A run: path, name, start of its name, or `latest`.", metavar="RUN")
]

JobsOption = Annotated[
    int | None,
    typer.Option(
        metavar="J",
        min=1,
        max=MOST_JOBS,
        help="Train J runs of a study at a time, which share the cores.",
    ),
]

OnOption = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="ADDRESS",
        help="Train the runs of a study on the Dask cluster at this address.",
    ),
]

DrawsOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=2, help="Also predict N times with dropout left on."),
]

TrustOption = Annotated[
    bool, typer.Option("--trust", help="Allow code that the config names (module:Class) to run.")
]


def gather_overrides(
    changes: list[str] | None,
    seed: int | None = None,
    name: str | None = None,
    folds: int | None = None,
) -> list[str]:
    """All changes to a config in the form of --set; those of options of their own come last."""
    overrides = list(changes or [])
    if seed is not None:
        overrides.append(f"seed={seed}")
    if name is not None:
        overrides.append(f"name={name!r}")
    if folds is not None:
        overrides.append(f"folds={folds}")
    return overrides


def check_out(
    path: Path | None,
    suffixes: Sequence[str] = PAGE_SUFFIXES,
    *,
    overwrite: bool = True,
    option: str = "--out",
) -> None:
    """Check early that the file of an option such as --out can be written.

    Args:
        path: The file; None for none.
        suffixes: The allowed suffixes; empty for any.
        overwrite: Whether it may exist already.
        option: The option that names it.

    Raises:
        UserError: Its suffix is not allowed, it is a folder, its folder is missing or not writable,
            or it already exists.
    """
    from nnrun.errors import UserError
    from nnrun.runs.atomic import check_writable

    if path is None:
        return
    if suffixes and path.suffix.lower() not in suffixes:
        raise UserError(
            f"{option}: cannot write {path}",
            hint=f"End it in {', '.join(suffixes)}.",
        )
    if path.is_dir():
        raise UserError(f"{option}: {path} is a folder", hint="Name a file in it.")
    if not path.parent.is_dir():
        raise UserError(f"{option}: there is no folder {path.parent}", hint="Make it first.")
    if path.exists() and not overwrite:
        raise UserError(f"{option}: {path} already exists", hint="Add --overwrite to replace it.")
    check_writable(path.parent)
