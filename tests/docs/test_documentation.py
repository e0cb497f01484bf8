"""Everything the documentation says to type works, and its generated parts are fresh."""

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docs.blocks import Block, read_blocks
from docs.generate import IMAGES, ROOT, config_reference, fill, stale_files
from nnrun.errors import ConfigError
from nnrun.experiments.declare import load

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BY_NAME = {str(page.relative_to(ROOT)): page for page in PAGES}
NOT_RUN = {
    "make demo": "installs the package",
    "nnrun tensorboard": "serves until it is stopped",
    "tensorboard --logdir runs": "serves until it is stopped",
}
"""Commands that the tests leave out, and why."""
SHELL = re.compile(r"""[|&;<>*$`()~](?=(?:[^']*'[^']*')*[^']*$)""")
"""What the shell does something with, outside of single quotes."""
SMALLEST = "dataset: {{name: {name}, split: {{validation: 0.2}}}}\narchitecture: {{MLP: {{hidden: [4]}}}}\n"
LARGEST_IMAGE = 80_000  # bytes


@pytest.fixture(scope="module", params=BY_NAME)
def page(request: pytest.FixtureRequest) -> Path:
    return BY_NAME[request.param]


@pytest.fixture
def folder(page: Path, tmp_path: Path) -> Path:
    """A folder with the configs and the files that the page has its reader write."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for block in read_blocks(page):
        if "file" in block.values:
            (tmp_path / block.values["file"]).write_text(block.text)
    return tmp_path


def test_commands_do_what_the_page_says(page: Path, folder: Path) -> None:
    for block in read_blocks(page):
        if block.language in ("console", "bash"):
            _run_block(block, folder, f"{page.name}:{block.line}")


def _run_block(block: Block, folder: Path, where: str) -> None:
    commands = [command for command in block.commands() if command.line not in NOT_RUN]
    for command in commands:
        done = _run(command.line, folder)
        last = command is commands[-1]
        expected_code = int(block.values.get("exit", 0)) if last else 0
        assert done.returncode == expected_code, f"{where}: {command.line}\n{done.stdout}"
        if block.language == "console" and "varies" not in block.words:
            assert done.stdout == command.output, f"{where}: {command.line}"


def _run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line; without a shell where it needs none, which saves TensorFlow's import."""
    words = shlex.split(line)
    if words[0] == "nnrun" and not SHELL.search(line):
        return _run_here(words, folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def _run_here(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    from nnrun.cli.app import main

    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    interrupt = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", "100")
        patch.setattr(sys, "argv", words)
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "stdout", printed)
        patch.setattr(sys, "stderr", printed)
        with pytest.raises(SystemExit) as ended:
            main()
    signal.signal(signal.SIGINT, interrupt)
    assert isinstance(ended.value.code, int)
    text = printed.buffer.getvalue().decode()
    return subprocess.CompletedProcess(words, ended.value.code, text)


def test_configs_are_right(page: Path, folder: Path) -> None:
    for number, block in enumerate(read_blocks(page)):
        if block.language != "yaml" or "needs" in block.values:
            continue  # a run that it builds on, which the commands make
        path = folder / f"block{number}.yaml"
        path.write_text(_whole_config(block, folder))
        if "wrong" in block.words:
            with pytest.raises(ConfigError):
                load(path)
            continue
        try:
            load(path)
        except ConfigError as error:
            pytest.fail(f"{page.name}:{block.line}: {error}")


def _whole_config(block: Block, folder: Path) -> str:
    """A block as a config of its own; fragments are laid over a whole one."""
    if "fragment" not in block.words:
        return block.text
    over = block.values.get("over", "configs/digits_mlp.yaml")
    if not over.endswith(".yaml"):
        (folder / "smallest.yaml").write_text(SMALLEST.format(name=over))
        over = "smallest.yaml"
    if re.search(r"\b(csv|parquet|python):", block.text):
        return f"{block.text}architecture: {{MLP: {{hidden: [4]}}}}\n"
    return f"extends: {over}\n{block.text}"


def test_python_compiles(page: Path) -> None:
    for block in read_blocks(page):
        if block.language == "python":
            compile(block.text, f"{page.name}:{block.line}", "exec")


def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in _anchors(linked), f"{page.name} links to {target}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def test_every_page_can_be_reached_from_the_readme() -> None:
    pending, seen = [ROOT / "README.md"], set()
    while pending:
        current = pending.pop()
        if current in seen or current.suffix != ".md":
            continue
        seen.add(current)
        links = re.findall(r"\]\(([^)#]+)", current.read_text())
        pending += [(current.parent / link).resolve() for link in links]
    assert set(PAGES) <= seen


def test_generated_parts_are_fresh() -> None:
    assert stale_files() == [], "run `python -m docs.generate --text`"


def test_images_are_small() -> None:
    images = sorted(IMAGES.glob("*"))
    assert images
    assert all(image.stat().st_size < LARGEST_IMAGE for image in images)


def test_every_exception_is_used() -> None:
    lines = {
        command.line
        for page in PAGES
        for block in read_blocks(page)
        if block.language in ("console", "bash")
        for command in block.commands()
    }
    assert set(NOT_RUN) <= lines


def test_the_reference_tells_every_option() -> None:
    from nnrun.config.nested_kinds import SectionOf
    from nnrun.config.options import options_of
    from nnrun.config.schema import Experiment

    reference = config_reference()
    pending: list[type] = [Experiment]
    while pending:
        for name, item in options_of(pending.pop()).items():
            assert f"| `{name}` |" in reference
            assert item.metadata["doc"].replace("|", "\\|") in reference
            if isinstance(item.metadata["kind"], SectionOf):
                pending.append(item.metadata["kind"].type)


@pytest.mark.parametrize(
    ("values", "text", "told"),
    [
        ({}, "$ echo right\nwrong\n", "echo right"),
        ({}, "$ false\n", "false"),
        ({"exit": "2"}, "$ true\n", "true"),
    ],
)
def test_what_a_page_promises_wrongly_is_found(
    values: dict[str, str], text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=told):
        _run_block(Block("console", (), values, text, 1), tmp_path, "page")


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no part 'x'"):
        fill("a page", "x", "content")


def test_nothing_of_a_machine_stands_in_the_pages(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"/(home|root|work|tmp)/", text)
