"""How many lines outside its room name an idea: a task, a source of rows, a form of architecture.

Imports in the bodies of functions are counted as well: their rooms are the doors, behind which
modules import at their tops.

The numbers may only fall. `python -m tests.counting` writes today's into `ceilings.txt` where
they are lower; after a conflict in that file, take either side and call it again. With `--show` it
names the lines.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nnrun"
CEILINGS = Path(__file__).with_name("ceilings.txt")

TASKS = {"regression", "binary", "multiclass", "multilabel", "autoencoder"}
SOURCES = {"csv", "parquet"}
FORMS = {"Graph", "FromRun"}
FORMS_OF_AN_ARCHITECTURE = {*FORMS, "Component", "tuple", "list", "Mapping", "Sequence"}

Naming = Callable[[ast.AST], Iterator[ast.AST]]


def task(tree: ast.AST) -> Iterator[ast.AST]:
    """A task's name as a text or a constant, and comparisons of an attribute `task`."""
    for node in without_docstrings(tree):
        text = isinstance(node, ast.Constant) and node.value in TASKS
        constant = name_of(node).isupper() and name_of(node).lower() in TASKS
        compared = (
            isinstance(node, ast.Compare)
            and not isinstance(node.ops[0], ast.Is | ast.IsNot)
            and "task" in {name_of(side) for side in (node.left, *node.comparators)}
        )
        if text or constant or compared:
            yield node


def source(tree: ast.AST) -> Iterator[ast.AST]:
    """`dataset.csv` and `dataset.name`, as code or as the path of an option; a source's class."""
    for node in without_docstrings(tree):
        option = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            option = node.value
        owner, _, name = option.rpartition(".")
        option = owner.endswith("dataset") and name in {*SOURCES, "name"}
        made = node.func if isinstance(node, ast.Call) else node
        is_class = made is not node and name_of(made) in {item.title() for item in SOURCES}
        if option or is_class:
            yield node


def form(tree: ast.AST) -> Iterator[ast.AST]:
    """`isinstance` with a form of the architecture, or of a value read off `….architecture`."""
    known = {"architecture"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith("architecture"):
            known |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == "isinstance":
            value, classes = node.args
            named = {name_of(part) for part in ast.walk(classes)}
            of_architecture = name_of(value) in known and named & FORMS_OF_AN_ARCHITECTURE
            if of_architecture or named & FORMS:
                yield node


def late_import(tree: ast.AST) -> Iterator[ast.AST]:
    """An import of a module of the house in the body of a function."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnrun"):
                    yield node


def name_of(node: ast.AST) -> str:
    """The last name of `name` or `some.name`; empty for other nodes."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def without_docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but texts that stand as statements, which only describe."""
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return (node for node in ast.walk(tree) if id(node) not in told)


IDEAS: dict[str, tuple[Naming, tuple[str, ...]]] = {
    "task": (task, ("tasks/", "config/tasks.py")),
    "source": (source, ("sources/", "config/sources.py")),
    "form": (form, ("config/", "models/network.py")),
    "late_import": (late_import, ("cli/", "experiments/api.py")),
}
"""What names each idea, and its rooms."""


def lines_naming(idea: str) -> list[str]:
    """The lines outside the idea's rooms that name it, as `file:line`."""
    names, rooms = IDEAS[idea]
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.relative_to(PACKAGE).as_posix().startswith(rooms):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            numbers = sorted({getattr(node, "lineno", 0) for node in names(tree)})
            found += [f"{path.relative_to(ROOT)}:{number}" for number in numbers]
    return found


def ceilings() -> dict[str, int]:
    """The numbers that stand, by idea."""
    pairs = (line.split() for line in CEILINGS.read_text(encoding="utf-8").splitlines())
    return {idea: int(number) for idea, number in pairs}


def main() -> None:
    """Lower the ceilings to what is counted, or show what is counted."""
    counted = {idea: lines_naming(idea) for idea in IDEAS}
    if "--show" in sys.argv:
        sys.stdout.writelines(
            f"{idea}  {line}\n" for idea, lines in counted.items() for line in lines
        )
    lowered = {idea: min(len(counted[idea]), number) for idea, number in ceilings().items()}
    CEILINGS.write_text("".join(f"{idea} {number}\n" for idea, number in lowered.items()))


if __name__ == "__main__":
    main()
