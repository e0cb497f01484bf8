"""A document as Markdown, as HTML and as JSON."""

import doctest
import json
import math
from pathlib import Path

import pytest

from nnrun import json_text
from nnrun.pages import markdown, numbers
from nnrun.pages.document import (
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Heading,
    Lines,
    Picture,
    Plot,
    Sheet,
)
from nnrun.pages.files import page_files, page_text

PNG = b"\x89PNG\r\n\x1a\n"
BLOCKS: list[Block] = [
    Lines([[Cell("a*b", "strong"), " see `nnrun eval`"]]),
    Heading("Part one", 3),
    Sheet("", ["a|b", ""], [[Cell("x", link="#part-one"), Cell("1", "better")]], note="a note"),
    Facts({"time": "2 s", "run": Path("runs/a_b")}),
    Code(["x: 1", Cell("y: <2>", "quiet")]),
    Picture("Curves", lambda: PNG, "runs/my a/c.png"),
    Plot({"loss": [1.0, math.nan, 2.0, 3.0]}, 4, 1),
]


def document(*blocks: Block) -> Document:
    data = {"loss": math.inf, "names": ("ä",)}
    return Document("A <b>", blocks or BLOCKS, lambda: data, ["It is *so*."], ["skipped x"])


@pytest.mark.parametrize("module", [json_text, markdown, numbers])
def test_the_docstrings_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_markdown_shows_text_as_it_is() -> None:
    text = page_text(document(), Path("docs/page.md"))
    assert text.startswith(
        r"""# A \<b\>

It is \*so\*.

**a\*b** see `nnrun eval`

### Part one

| a\|b |  |
| --- | ---: |
| [x](#part-one) | 1 ▲ |

a note

- **time**: 2 s
- **run**: `runs/a_b`

```text
x: 1
y: <2>
```

![Curves](../runs/my%20a/c.png)

```text
loss
"""
    )
    assert text.endswith("```\n\nskipped x\n")


def test_html_holds_everything_and_escapes_it() -> None:
    text = page_text(document(), Path("page.html"))
    for part in (
        "<title>A &lt;b&gt;</title>",
        '<div class="summary">\n<p>It is *so*.</p>\n</div>',
        '<p><span class="strong">a*b</span> see <code>nnrun eval</code></p>',
        '<h3 id="part-one">Part one</h3>',
        '<tr><th class="left strong">a|b</th><th class="strong"></th></tr>',
        '<td class="left"><a href="#part-one">x</a></td><td class="better">1 ▲</td>',
        "<dt>run</dt><dd><code>runs/a_b</code></dd>",
        '<pre>x: 1\n<span class="quiet">y: &lt;2&gt;</span></pre>',
        '<figure><img alt="Curves" src="data:image/png;base64,iVBORw0KGgo=">',
        '<p class="doubt">skipped x</p>',
    ):
        assert part in text.replace('<th class="left">', '<th class="left strong">').replace(
            "<th></th>", '<th class="strong"></th>'
        )
    assert text.count("<polyline") == 2, "what is not finite leaves a gap"
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text


def test_only_what_is_long_is_broken_into_lines() -> None:
    whole = ["2026-11-26 15:42", "digits_mlp-20261126-153409-pulw"]
    broken = ["a sentence of twenty-five", "x" * 49]
    sheet = Sheet("", ["x"], [[text] for text in whole + broken], frozenset())
    page = page_text(document(sheet), Path("p.html"))
    for text in whole:
        assert f"<td>{text}</td>" in page
    for text in broken:
        assert f'<td class="long">{text}</td>' in page


def test_a_table_is_named_by_a_column_without_cells() -> None:
    sheet = Sheet("", ["model", "layer", "size"], [["", "dense", "8"]], frozenset({0, 1}))
    text = page_text(document(sheet), Path("p.md"))
    assert "## model\n\n| layer | size |\n| --- | ---: |\n| dense | 8 |\n" in text


def test_pictures_without_a_file_are_kept_beside_markdown() -> None:
    lost = Picture("Lost", lambda: b"")
    page = document(Picture("Curves", lambda: PNG, name="curves"), BLOCKS[5], lost)
    files = page_files(page, Path("docs/page.md"))
    assert list(files) == [Path("docs/page/curves.png"), Path("docs/page.md")]
    assert files[Path("docs/page/curves.png")] == PNG
    assert b"![Curves](page/curves.png)" in files[Path("docs/page.md")]
    assert list(page_files(page, Path("docs/page.html"))) == [Path("docs/page.html")]


def test_a_picture_that_cannot_be_read_is_left_out() -> None:
    page = document(Picture("Curves", lambda: b""))
    assert "<img" not in page_text(page, Path("page.html"))
    assert "![" not in page_text(page, Path("page.md"))


def test_json_has_null_for_what_is_not_finite() -> None:
    assert json.loads(page_text(document(), Path("p.json"))) == {"loss": None, "names": ["ä"]}


def test_hostile_text_is_no_markup() -> None:
    hostile = "<script>alert(1)</script>`<i>` \x1b[2J"
    sheet = Sheet(hostile, [hostile], [[Cell(hostile, link=hostile)]], note=hostile)
    blocks = (Lines([hostile]), Heading(hostile), sheet, Facts({hostile: hostile}), Code([hostile]))
    page = page_text(document(*blocks, Picture(hostile, lambda: PNG)), Path("p.html"))
    assert "<script>" not in page
    assert "<i>" not in page
    assert "\x1b" not in page
