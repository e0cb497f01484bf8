"""Numbers as people read them."""

import math

_MINUTE = 60
_LONGEST_WHOLE = 1e15


def format_figure(value: float | None) -> str:
    """A figure of a table: whole numbers in groups of three, others to five digits.

    >>> [format_figure(value) for value in (266610, 0.88512345, 1.5e-7, None)]
    ['266,610', '0.88512', '1.5e-07', '-']
    """
    if value is None:
        return "-"
    if isinstance(value, int) or (math.isfinite(value) and value == round(value) != 0):
        return f"{round(value):,}" if abs(value) < _LONGEST_WHOLE else f"{value:.5g}"
    return f"{value:.5g}"


def format_decimals(value: float, places: int = 4, *, most: float = 1e7) -> str:
    """A figure of a column that is read down: with so many digits after the point.

    Args:
        value: The figure; a whole number has no point.
        places: Digits after the point. Figures that would lose all but one of them have as many
            digits in all instead.
        most: From here on figures have as many digits in all, too.

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
    """A duration as people say it.

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
