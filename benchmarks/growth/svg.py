"""Curves as SVG, readable in light and dark; both axes are logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import log10

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 300, 40, 50
LABEL = 40  # what the label of a value takes
COLOURS = (
    "#0b7285", "#c2255c", "#e67700", "#5f3dc4", "#2b8a3e", "#1971c2", "#a61e4d",
    "#868e96",
)  # fmt: skip
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #343a40 }
.grid { stroke: #adb5bd; stroke-opacity: .45 }
@media (prefers-color-scheme: dark) { text { fill: #dee2e6 } }
"""
Curve = Sequence[tuple[float, float]]


def drawn(title: str, across: str, curves: Mapping[str, Curve]) -> str:
    """Return the curves: x by `across`, y in milliseconds."""
    points = [point for curve in curves.values() for point in curve]
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    place = _Scale(min(xs), max(xs), min([1, *ys]), max([10, *ys]))
    parts = [_text(LEFT, 20, title), *_axes(place, sorted(set(xs)), across)]
    for number, (name, curve) in enumerate(curves.items()):
        parts += _curve(place, number, name, curve)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
        f"{body}\n</svg>\n"
    )


class _Scale:
    """Where values are drawn."""

    def __init__(self, left: float, right: float, low: float, high: float) -> None:
        self.left, self.width = log10(left), log10(right / left) or 1
        self.low, self.height = log10(low), log10(high / low)
        self.high = high

    def x(self, value: float) -> float:
        share = (log10(value) - self.left) / self.width
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (log10(value) - self.low) / self.height
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _axes(place: _Scale, xs: Sequence[float], across: str) -> list[str]:
    parts, free = [], float(WIDTH)
    for x in reversed(xs):
        at = place.x(x)
        parts.append(_line(at, TOP, at, HEIGHT - BOTTOM))
        if at <= free:
            parts.append(_text(at, HEIGHT - BOTTOM + 18, _short(x), "middle"))
            free = at - LABEL
    milliseconds = 1
    while milliseconds <= place.high * 1.5:
        at = place.y(milliseconds)
        parts.append(_line(LEFT, at, WIDTH - RIGHT, at))
        parts.append(_text(LEFT - 8, at + 4, f"{milliseconds} ms", "end"))
        milliseconds *= 10
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*parts, _text(middle, HEIGHT - 10, across, "middle")]


def _curve(place: _Scale, number: int, name: str, curve: Curve) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    points = " ".join(f"{place.x(x)},{place.y(y)}" for x, y in curve)
    at = TOP + 12 + 22 * number
    value = f"{curve[-1][1]:.3g}"
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{place.x(x)}" cy="{place.y(y)}" r="3" fill="{colour}"/>'
            for x, y in curve
        ),
        f'<rect x="{WIDTH - RIGHT + 16}" y="{at - 9}" width="12" height="4" '
        f'fill="{colour}"/>',
        _text(WIDTH - RIGHT + 34, at, f"{name}: {value}"),
    ]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(number: float) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g} {unit}"
    return f"{number:g}"
