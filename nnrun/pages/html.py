"""A comparison as one HTML file that needs nothing else: no network, no script."""

import base64
import re
from collections.abc import Sequence
from html import escape

from nnrun.pages.sheets import Sheet, shown

_STYLE = """\
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #222; background: #fff;
  margin: 2rem auto; padding: 0 1.2rem; width: fit-content; max-width: calc(100vw - 4rem); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
h1, h2, .verdict { max-width: 66rem; }
.verdict { background: #f4f6f8; border-left: 4px solid #0072b2; padding: .6rem 1rem; }
.verdict p { margin: .2rem 0; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
td { max-width: 24rem; overflow-wrap: break-word; }
th { border-bottom: 2px solid #888; } .left { text-align: left; }
.better { color: #00703c; } .worse { color: #b3261e; }
code { font-size: .92em; background: #e8ebee; padding: .05em .3em; border-radius: 3px; }
img { max-width: 100%; height: auto; }
@media print {
  @page { size: landscape; margin: 1cm; }
  body { max-width: none; margin: 0; } .table { overflow: visible; }
  table { font-size: .7rem; } th, td { padding: .2rem .35rem; }
}
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1c1e21; } .verdict { background: #282c31; }
  code { background: #3a4047; }
  th, td { border-color: #444; } .better { color: #6fcf97; } .worse { color: #ff8a80; }
}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def comparison_page(
    title: str, told: Sequence[str], sheets: Sequence[Sheet], picture: bytes
) -> str:
    """The page.

    Args:
        title: Its heading.
        told: The sentences below it.
        sheets: The tables.
        picture: A PNG of the curves.

    Returns:
        HTML; whatever comes from a run is escaped.
    """
    image = base64.b64encode(picture).decode("ascii")
    sentences = "\n".join(f"<p>{_with_code(text)}</p>" for text in told)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<div class="verdict">
{sentences}
</div>
{"".join(map(_table, sheets))}<h2>Curves</h2>
<p><img alt="The curves of all runs over the epochs" src="data:image/png;base64,{image}"></p>
</body>
</html>
"""


def _with_code(text: str) -> str:
    """A sentence with what stands between backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _table(sheet: Sheet) -> str:
    heading = f"<h2>{escape(sheet.title)}</h2>\n" if sheet.title else ""
    head = "".join(
        f"<th{_class(position, sheet)}>{escape(column)}</th>"
        for position, column in enumerate(sheet.columns)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td{_class(position, sheet, cell.mark)}>{escape(shown(cell, unicode=True))}</td>"
            for position, cell in enumerate(row)
        )
        + "</tr>"
        for row in sheet.rows
    )
    return f'{heading}<div class="table"><table>\n<tr>{head}</tr>\n{rows}\n</table></div>\n'


def _class(position: int, sheet: Sheet, mark: str = "") -> str:
    names = [*(["left"] if position in sheet.left else []), *([mark] if mark else [])]
    return f' class="{" ".join(names)}"' if names else ""
