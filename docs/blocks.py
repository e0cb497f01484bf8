"""The fenced blocks of a Markdown page, and the commands in them.

What stands on a fence after the language says how a block is meant:

    ```console              commands after `$`, each with exactly what it prints
    ```console varies       the same, where times and names differ from run to run
    ```console exit=2       its last command ends with that exit code
    ```bash                 commands alone
    ```yaml                 a whole config; with `file=flats.yaml` it is also written for the commands
    ```yaml needs=run       a config that builds on a run; with `file=` too
    ```yaml fragment        a part of a config, laid over `configs/digits_mlp.yaml` or `over=…`
    ```yaml wrong           a config with mistakes
    ```csv file=flats.csv   any other file that the commands need
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A command line and what the page says that it prints."""

    line: str
    output: str


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: The first word on the fence.
        words: The other words on it, without those of the form `key=value`.
        values: Those of the form `key=value`.
        text: What stands in the block.
        line: The line of the fence in the page.
    """

    language: str
    words: tuple[str, ...]
    values: dict[str, str]
    text: str
    line: int

    def commands(self) -> Iterator[Command]:
        """The commands of a console or bash block."""
        if self.language == "bash":
            for line in self.text.splitlines():
                if line and not line.startswith("#"):
                    yield Command(line, "")
            return
        for screen in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            line, _, output = screen.partition("\n")
            yield Command(line, output)


def read_blocks(path: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    page = path.read_text(encoding="utf-8")
    blocks = []
    for found in _FENCE.finditer(page):
        words = found[2].split()
        blocks.append(
            Block(
                language=found[1],
                words=tuple(word for word in words if "=" not in word),
                values=dict(word.split("=", 1) for word in words if "=" in word),
                text=found[3],
                line=page.count("\n", 0, found.start()) + 1,
            )
        )
    return blocks
