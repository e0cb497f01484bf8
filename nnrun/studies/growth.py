"""When a process that trains many trials takes so much memory that another one takes its place."""

from nnrun.device import total_memory

MEMORY_SHARE = 0.5
"""The share of the machine's memory that all processes of a study may take."""
MOST_BYTES = 4e9
"""What one of them may take at most."""
MOST_TIMES = 2.0
"""Whatever it takes, it may take so many times what it took after its first trial."""


class Growth:
    """The growth of a process from trial to trial.

    Args:
        processes: How many share the machine's memory.
    """

    def __init__(self, processes: int = 1) -> None:
        memory = total_memory() or float("inf")
        self._most = min(MOST_BYTES, MEMORY_SHARE * memory / processes)
        self._first = 0

    def is_too_large(self, taken: int) -> bool:
        """Whether another process is to take the place of one.

        Args:
            taken: The bytes that it takes after a trial.
        """
        self._first = self._first or taken
        return taken > max(self._most, MOST_TIMES * self._first)

    def begin_again(self) -> None:
        """Forget the process before."""
        self._first = 0
