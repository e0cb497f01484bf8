"""Formats numbers for people."""

import math

_MINUTE = 60
_LONGEST_WHOLE = 1e15


def format_figure(value: float | None) -> str:
    """Format a figure for a table: whole numbers with thousands separators, others to five digits.

    >>> [format_figure(value) for value in (266610, 0.88512345, 1.5e-7, None)]
    ['266,610', '0.88512', '1.5e-07', '-']
    """
    if value is None:
        return "-"
    if isinstance(value, int) or (math.isfinite(value) and value == round(value) != 0):
        return f"{round(value):,}" if abs(value) < _LONGEST_WHOLE else f"{value:.5g}"
    return f"{value:.5g}"


def format_decimals(value: float, places: int = 4, *, most: float = 1e7) -> str:
    """Format a figure for a column, with a fixed number of decimal places.

    Args:
        value: The figure; a whole number has no decimal point.
        places: Decimal places. Figures that would keep at most one digit have this many significant
            digits instead.
        most: Figures from this size on have this many significant digits, too.

    >>> [format_decimals(value, 3) for value in (0.93456, 0.0000123, 266610, 0.0)]
    ['0.935', '1.23e-05', '266,610', '0.000']
    """
    if isinstance(value, int):
        return f"{value:,}"
    least = 10.0 ** (1 - max(places, 2))
    if value == 0 or least <= abs(value) < most:
        return f"{value:,.{places}f}"
    return f"{value:.{max(places, 1)}g}"


def format_seconds(seconds: float) -> str:
    """Format a duration.

    >>> [format_seconds(seconds) for seconds in (0.0123, 4.25, 75, 7384)]
    ['12.3 ms', '4.2 s', '1 min 15 s', '2 h 3 min']
    """
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
