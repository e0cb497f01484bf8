"""A document as a self-contained HTML file, without network access or scripts."""

import base64
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from nnrun.config.diagnostics import escaped
from nnrun.pages.document import (
    SIGNS,
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
    as_cell,
    as_cells,
    header_cells,
    named,
)
from nnrun.pages.textplots import averaged, height_of

_STYLE = """\
:root { color-scheme: light dark; --text: #222; --back: #fff; --soft: #f4f6f8; --line: #ddd;
  --quiet: #666; --accent: #0072b2; --good: #00703c; --bad: #b3261e; --doubt: #8a5300; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--text);
  background: var(--back); margin: 2rem auto; padding: 0 1.2rem; max-width: 76rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin-top: 1.6rem; } p { max-width: 66rem; overflow-wrap: anywhere; }
a { color: var(--accent); }
.summary { max-width: 66rem; background: var(--soft); border-left: 4px solid var(--accent);
  padding: .6rem 1rem; }
.summary p { margin: .2rem 0; }
.table { overflow-x: auto; margin: 1rem 0; background: /* a shadow where there is more to scroll to */
  linear-gradient(to right, var(--back) 1rem, transparent) local 0 0 / 3rem 100% no-repeat,
  linear-gradient(to left, var(--back) 1rem, transparent) local 100% 0 / 3rem 100% no-repeat,
  linear-gradient(to right, var(--line), transparent) scroll 0 0 / 1rem 100% no-repeat,
  linear-gradient(to left, var(--line), transparent) scroll 100% 0 / 1rem 100% no-repeat; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
th:first-child, td:first-child { padding-left: .2rem; }
td { max-width: 24rem; white-space: nowrap; }
.long { white-space: normal; overflow-wrap: break-word; }
th { border-bottom-width: 2px; vertical-align: bottom; } .left { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 1rem 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.better, .held, .good { color: var(--good); } .worse, .missed, .bad { color: var(--bad); }
.doubt { color: var(--doubt); } .quiet { color: var(--quiet); } .busy { color: var(--accent); }
.strong, .missed, .bad { font-weight: 600; }
code { font-size: .92em; background: var(--soft); padding: .05em .3em; border-radius: 3px; }
pre { overflow-x: auto; background: var(--soft); padding: .8rem 1rem; border-radius: 4px;
  font-size: .85rem; line-height: 1.4; }
figure { margin: 1.5rem 0; } figcaption { color: var(--quiet); font-size: .93rem; }
img { max-width: 100%; max-height: 32rem; height: auto; background: #fff; border-radius: 4px; }
.plots { display: flex; flex-wrap: wrap; gap: 0 2rem; } .plots figure { margin: .5rem 0; }
svg { width: 24rem; max-width: 100%; } svg text { font-size: 11px; fill: var(--quiet); }
line { stroke: var(--line); }
polyline { fill: none; stroke: var(--accent); stroke-width: 1.8; stroke-linejoin: round; }
@media (max-width: 40rem) {
  body { margin: 1rem auto; padding: 0 .8rem; } th, td { padding: .3rem .5rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; }
}
@media print {
  @page { size: landscape; margin: 1cm; }
  body { max-width: none; margin: 0; } .table { overflow: visible; }
  table { font-size: .7rem; } th, td { padding: .2rem .35rem; }
}
@media (prefers-color-scheme: dark) {
  :root { --text: #ddd; --back: #1c1e21; --soft: #282c31; --line: #444; --quiet: #a5abb3;
    --accent: #56b4e9; --good: #6fcf97; --bad: #ff8a80; --doubt: #f0b35a; }
}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_PLOT_WIDTH, _PLOT_HEIGHT, _PLOT_EDGE, _PLOT_AXIS = 310, 100, 10, 50
_UNBROKEN, _UNBROKEN_WORD = 24, 48
"""Characters of the longest cell that is never broken into lines, and of the longest single word."""


def html_text(document: Document, folder: Path) -> str:
    """A document as an HTML page.

    Args:
        document: The document.
        folder: The folder of the page, for relative links.

    Returns:
        HTML, in which everything from a run is escaped.
    """
    parts = [f"<h1>{_plain(document.title)}</h1>"]
    if document.summary:
        lines = "\n".join(_paragraphs(document.summary))
        parts.append(f'<div class="summary">\n{lines}\n</div>')
    for block in document.blocks:
        parts += html_parts(block, folder)
    parts += _paragraphs(document.asides, ' class="doubt"')
    body = "\n".join(parts)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_plain(document.title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def html_parts(block: Block, folder: Path) -> Iterator[str]:
    """The elements of a block."""
    match block:
        case Heading():
            yield from _heading(block)
        case Lines():
            yield from _lines(block, folder)
        case Facts():
            yield from _facts(block)
        case Code():
            yield from _code(block, folder)
        case Picture():
            yield from _picture(block)
        case Plot():
            yield from _plot(block)
        case Sheet():
            yield from _sheet(named(block), folder)


def _heading(block: Heading) -> Iterator[str]:
    name = "-".join(block.text.lower().split())
    yield f'<h{block.level} id="{_plain(name)}">{_plain(block.text)}</h{block.level}>'


def _lines(block: Lines, folder: Path) -> Iterator[str]:
    for line in block.lines:
        yield f"<p>{''.join(_marked(cell, folder) for cell in as_cells(line))}</p>"


def _facts(block: Facts) -> Iterator[str]:
    facts = (
        f"<dt>{_plain(name)}</dt><dd>{_fact(value)}</dd>" for name, value in block.facts.items()
    )
    yield "\n".join(["<dl>", *facts, "</dl>"])


def _code(block: Code, folder: Path) -> Iterator[str]:
    lines = (_marked(as_cell(line), folder, code=False) for line in block.lines)
    yield "<pre>{}</pre>".format("\n".join(lines))


def _picture(block: Picture) -> Iterator[str]:
    if content := block.read():
        image = base64.b64encode(content).decode("ascii")
        caption = _plain(block.caption)
        yield (
            f'<figure><img alt="{caption}" src="data:image/png;base64,{image}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )


def _plot(block: Plot) -> Iterator[str]:
    plots = (_svg(name, values, block) for name, values in block.curves.items())
    yield f'<div class="plots">{"".join(plots)}</div>'


def _sheet(block: Sheet, folder: Path) -> Iterator[str]:
    if block.title:
        yield f"<h2>{_plain(block.title)}</h2>"
    rows = [
        [_td(as_cell(cell), place in block.left, folder) for place, cell in enumerate(row)]
        for row in block.rows
    ]
    if head := header_cells(block):
        columns = enumerate("<br>".join(map(escape, cell.lines)) for cell in head)
        rows.insert(0, [f"<th{_class(place in block.left)}>{name}</th>" for place, name in columns])
    lines = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    yield f'<div class="table"><table>\n{lines}\n</table></div>'
    if block.note:
        yield from _paragraphs([block.note], ' class="quiet"')


def _td(cell: Cell, is_left: bool, folder: Path) -> str:
    is_long = any(len(line) > (_UNBROKEN if " " in line else _UNBROKEN_WORD) for line in cell.lines)
    length = "long" if is_long else ""
    return f"<td{_class(is_left, length, cell.mark)}>{_content(cell, folder)}</td>"


def _class(is_left: bool, *names: str) -> str:
    told = " ".join(filter(None, ("left" if is_left else "", *names)))
    return f' class="{told}"' if told else ""


def _paragraphs(lines: Iterable[str], attributes: str = "") -> Iterator[str]:
    for line in lines:
        yield f"<p{attributes}>{_with_code(line)}</p>"


def _marked(cell: Cell, folder: Path, *, code: bool = True) -> str:
    text = _content(cell, folder) if code else _plain(cell.text)
    return f'<span class="{cell.mark}">{text}</span>' if cell.mark else text


def _content(cell: Cell, folder: Path) -> str:
    text = " ".join(
        filter(None, ("<br>".join(map(_with_code, cell.lines)), SIGNS.get(cell.mark, "")))
    )
    return f'<a href="{_plain(_address(cell.link, folder))}">{text}</a>' if cell.link else text


def _address(link: str, folder: Path) -> str:
    return link if link.startswith("#") else quote(Path(os.path.relpath(link, folder)).as_posix())


def _fact(value: str | Path) -> str:
    return _with_code(value) if isinstance(value, str) else f"<code>{_plain(str(value))}</code>"


def _with_code(text: str) -> str:
    """A sentence with text between backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _plain(text))


def _plain(text: str) -> str:
    """A text without markup; invisible characters are shown as codes."""
    return escape(escaped(text))


def _svg(name: str, values: Sequence[float], plot: Plot) -> str:
    """A curve between its smallest and largest values, which are on the left."""
    low, high = plot.limits
    points = list(_points(averaged(values, _PLOT_WIDTH), low, high, log=plot.log))
    lines = "".join(
        f'<polyline points="{" ".join(segment)}"/>' for segment in _segments(points) if segment
    )
    axis = "".join(
        f'<text x="{_PLOT_AXIS - 6}" y="{down + 4}" text-anchor="end">{value:.4g}</text>'
        f'<line x1="{_PLOT_AXIS}" x2="{_PLOT_AXIS + _PLOT_WIDTH}" y1="{down}" y2="{down}"/>'
        for value, down in ((high, _PLOT_EDGE), (low, _PLOT_EDGE + _PLOT_HEIGHT))
    )
    title = f"<figcaption>{_plain(name)}</figcaption>" if name else ""
    box = f"0 0 {_PLOT_AXIS + _PLOT_WIDTH} {_PLOT_HEIGHT + 2 * _PLOT_EDGE}"
    return f'<figure>{title}<svg viewBox="{box}" role="img">{axis}{lines}</svg></figure>'


def _points(values: Sequence[float], low: float, high: float, *, log: bool) -> Iterator[str]:
    """The points of the values; empty if there are none."""
    if log:
        values = [math.log(value) if math.isfinite(value) else value for value in values]
        low, high = math.log(low), math.log(high)
    step = _PLOT_WIDTH / max(1, len(values) - 1)
    for place, value in enumerate(values):
        if math.isfinite(value):
            down = _PLOT_EDGE + _PLOT_HEIGHT * (1 - height_of(value, low, high))
            yield f"{_PLOT_AXIS + step * place:.1f},{down:.1f}"
        else:
            yield ""


def _segments(points: Iterable[str]) -> Iterator[list[str]]:
    segment: list[str] = []
    for point in points:
        if point:
            segment.append(point)
        else:
            yield segment
            segment = []
    yield segment
