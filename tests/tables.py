"""Tables of files, read as a config with one target has them read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnrun.config.roles import Aim, Roles
from nnrun.config.schema import Dataset, named_columns
from nnrun.data.dealing import Dealing, deal
from nnrun.data.splits import Part
from nnrun.sources.table import TableSource
from nnrun.tasks.targets import TargetSpec

ONE = "one"


@dataclass(frozen=True)
class ReadTable:
    """What was read."""

    dealing: Dealing
    part: Part
    notes: tuple[str, ...] = ()

    @property
    def target(self) -> TargetSpec:
        return self.dealing.targets[ONE]

    @property
    def task(self) -> str:
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        return self.target.classes

    @property
    def columns(self) -> tuple[Any, ...]:
        return self.target.columns

    @property
    def features(self) -> tuple[str, ...]:
        return self.dealing.columns

    @property
    def inputs(self) -> np.ndarray:
        return self.part.inputs[ONE]

    @property
    def targets(self) -> np.ndarray:
        return self.part.targets[ONE]


def read_table(
    file: TableSource,
    *,
    target: str | Sequence[str],
    features: Sequence[str] | None = None,
    task: str = "auto",
    texts: Sequence[str] = (),
) -> ReadTable:
    """The rows of a file."""
    chosen = None if features is None else tuple(features)
    roles = Roles({ONE: chosen}, {ONE: Aim(task, named_columns(target))}, (ONE,) if texts else ())
    return ReadTable(*deal(file.read(texts), Dataset(target=target), roles))


def read_table_like(file: TableSource, like: ReadTable, **changes: Any) -> ReadTable:
    """Further rows of a table."""
    return ReadTable(like.dealing, like.dealing.deal(file.read()))
