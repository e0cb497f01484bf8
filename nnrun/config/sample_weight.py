"""The column with the weights of the rows, in both forms that a config may use."""

from __future__ import annotations

from dataclasses import dataclass

from nnrun.config.kinds import Boolean, Text
from nnrun.config.options import REQUIRED, option


@dataclass(frozen=True)
class SampleWeight:
    """The weights of the rows in the loss."""

    column: str | None = option("The column with the weights.", Text(), REQUIRED)
    validation: bool = option(
        "Whether validation and test rows are weighted as well, as with the weights in Keras's "
        "`validation_data` and `evaluate`. Files with such rows then need the column.",
        Boolean(),
        False,
    )

    @classmethod
    def of(cls, value: str | SampleWeight | None) -> SampleWeight:
        """The long form of any value; without a column if there are no weights."""
        return value if isinstance(value, SampleWeight) else cls(value)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts whose rows are weighted."""
        return ("train", "validation", "test") if self.validation else ("train",)

    @property
    def column_evaluated(self) -> str | None:
        """The column with the weights of rows that are evaluated; None if those have none."""
        return self.column if self.validation else None
