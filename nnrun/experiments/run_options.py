"""What is asked of a run beside its config."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunOptions:
    """What is asked of a run beside its config.

    Attributes:
        until: The epoch after which it pauses; None to train to its end.
        tests: Whether it is evaluated on its test rows when it ends.
        draws: Whether it draws its curves when it ends.
    """

    until: int | None = None
    tests: bool = True
    draws: bool = True


USUAL = RunOptions()
"""What is asked of a run by itself."""
