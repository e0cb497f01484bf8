"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from tests.counting import IDEAS, ceilings, lines_naming

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "nnrun"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 50
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|Users|root|work|mnt)/\w+")
ADDRESS = re.compile(r"https?://([\w.-]+)")
PRIVATE_HOST = re.compile(r"(?!127\.)\d+(?:\.\d+){3}|.*\.(?:internal|local|lan|corp)")

by_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """The public functions and classes of a module, and the public methods of those classes."""
    for node in body:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def documented_methods() -> dict[str, set[str]]:
    """The methods with a docstring, by the name of their class; with those of its bases."""
    classes = {
        node.name: node
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }

    def methods(name: str) -> set[str]:
        if name not in classes:
            return set()
        bases = (ast.unparse(base).rpartition(".")[2] for base in classes[name].bases)
        own = (node for node in functions(classes[name]) if ast.get_docstring(node))
        return {node.name for node in own}.union(*map(methods, bases))

    return {name: methods(name) for name in classes}


DOCUMENTED = documented_methods()


def overrides_property(node: ast.AST) -> bool:
    """A property's setter, or one of several overloads: told by the first."""
    decorators = getattr(node, "decorator_list", [])
    return any(
        ast.unparse(item).endswith((".setter", "overload", ".register")) for item in decorators
    )


@by_module
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_FILE_LINES
    for function in functions(ast.parse(text)):
        assert function.end_lineno is not None
        lines = function.end_lineno - function.lineno + 1
        assert lines <= MOST_FUNCTION_LINES, f"{function.name} has {lines} lines"


@by_module
def test_whatever_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        name
        for name, node in public(tree.body)
        if not ast.get_docstring(node)
        and not overrides_property(node)
        and name.rpartition(".")[2] not in DOCUMENTED.get(name.rpartition(".")[0], ())
    ]
    assert silent == []
    if path.name != "__init__.py":
        assert ast.get_docstring(tree), "the module has no docstring"


def test_no_module_is_named_for_nothing() -> None:
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert names.isdisjoint(NAMES_THAT_SAY_NOTHING)


def test_a_public_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for name, _ in public(ast.parse(path.read_text(encoding="utf-8")).body):
            if "." not in name:
                homes.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_a_module_name_means_one_thing() -> None:
    """But for commands, which are called like the story they begin."""
    inside = [path.stem for path in MODULES if path.parent.name != "cli" and path.stem[0] != "_"]
    assert {name for name in inside if inside.count(name) > 1} == set()


def test_the_inits_of_packages_are_empty() -> None:
    for path in PACKAGE.glob("*/**/__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        told = [node for node in body if not isinstance(node, ast.Expr)]
        assert told == [], f"{path.relative_to(ROOT)} holds code"


@pytest.mark.parametrize("idea", IDEAS)
def test_an_idea_is_named_in_its_room(idea: str) -> None:
    """`counting.py` says which lines are counted, and which are the rooms."""
    lines, ceiling = lines_naming(idea), ceilings()[idea]
    assert len(lines) <= ceiling, (
        f"{len(lines)} lines name a {idea}, at most {ceiling} may: {lines}"
    )
    assert len(lines) == ceiling, f"only {len(lines)}: call `python -m tests.counting`"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type hints alone, and those in the bodies of functions, count as well."""
    graph = grimp.build_graph("nnrun", exclude_type_checking_imports=False, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    # What imports nothing of the rest stands in no circle, nor does what nothing of it imports.
    while outside := {
        name
        for name, imported in imports.items()
        if not imported & imports.keys() or not any(name in others for others in imports.values())
    }:
        imports = {name: imports[name] for name in imports.keys() - outside}
    assert sorted(imports) == []


PROTOCOLS = {
    "Source": "sources/*.py",
    "Task": "tasks/*.py",
    "Transform": "data/transforms/*.py",
    "Network": "models/network.py",
    "Plan": "studies/*.py",
}
MOST_MEMBERS = 12


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_can_be_read_on_one_screen(protocol: str) -> None:
    members = [
        [part for part in node.body if not isinstance(part, ast.Expr)]
        for path in PACKAGE.glob(PROTOCOLS[protocol])
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == protocol
    ]
    if not members:
        pytest.skip("it is not there yet")
    assert len(members) == 1
    assert len(members[0]) <= MOST_MEMBERS


def tracked_texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode(errors="replace")


def test_no_tracked_file_names_a_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in tracked_texts()
        for pattern in (MACHINE_PATH, re.compile(r"--(?:extra-)?index-url|PIP_INDEX_URL"))
        for match in pattern.finditer(text)
    ]
    found += [
        f"{name}: {match[0]}"
        for name, text in tracked_texts()
        for match in ADDRESS.finditer(text)
        if PRIVATE_HOST.fullmatch(match[1])
    ]
    assert found == []
