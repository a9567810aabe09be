"""Charts as inline SVG: no library, no script; colours come from the page's style sheet.

Each chart has a title and a description for those who cannot see it, and every bar its figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 860
_LABEL_WIDTH = 220
_ROW_HEIGHT = 34
_BAR_HEIGHT = 20
_VALUE_WIDTH = 290
_TOP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its length, the figure at its end, and a word beside it."""

    label: str
    value: float
    text: str
    note: str = ""
    tone: str = "main"


def bars(rows: Sequence[Bar], *, title: str, description: str) -> str:
    """Horizontal bars from a common zero line, in the order given."""
    height = _TOP * 2 + _ROW_HEIGHT * len(rows)
    longest = max((row.value for row in rows), default=0) or 1
    room = _WIDTH - _LABEL_WIDTH - _VALUE_WIDTH
    parts = []
    for position, row in enumerate(rows):
        y = _TOP + position * _ROW_HEIGHT
        middle = y + _ROW_HEIGHT / 2
        length = max(row.value / longest * room, 1.5 if row.value else 0)
        top = y + (_ROW_HEIGHT - _BAR_HEIGHT) / 2
        note = f'<tspan class="note" dx="8">{escape(row.note)}</tspan>' if row.note else ""
        parts.append(
            f'<text x="{_LABEL_WIDTH - 10}" y="{middle:.1f}" class="label" text-anchor="end" '
            f'dominant-baseline="central">{escape(row.label)}</text>'
            f'<rect x="{_LABEL_WIDTH}" y="{top:.1f}" width="{length:.1f}" height="{_BAR_HEIGHT}" '
            f'rx="3" class="bar {row.tone}"/>'
            f'<text x="{_LABEL_WIDTH + length + 8:.1f}" y="{middle:.1f}" class="value" '
            f'dominant-baseline="central">{escape(row.text)}{note}</text>'
        )
    axis = (
        f'<line x1="{_LABEL_WIDTH}" y1="{_TOP}" x2="{_LABEL_WIDTH}" y2="{height - _TOP}" '
        'class="axis"/>'
    )
    return _svg("".join(parts) + axis, _WIDTH, height, title, description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """One column of a waterfall: what is taken away, or, with `is_total`, what is left."""

    label: str
    cents: int
    text: str
    tone: str = "main"
    is_total: bool = False


_FALL_HEIGHT = 300
_FALL_TOP = 34
_FALL_BOTTOM = 62


def waterfall(columns: Sequence[Fall], *, title: str, description: str) -> str:
    """From the first total, each column down to where the one before it ended."""
    first = max((column.cents for column in columns if column.is_total), default=0) or 1
    plot = _FALL_HEIGHT - _FALL_TOP - _FALL_BOTTOM
    step = _WIDTH / max(len(columns), 1)
    width = step * 0.62
    floor = _FALL_TOP + plot

    def height_of(cents: int) -> float:
        return max(cents, 0) / first * plot

    parts = []
    level = 0
    for position, column in enumerate(columns):
        x = position * step + (step - width) / 2
        if column.is_total:
            top, tall, level = (
                floor - height_of(column.cents),
                height_of(column.cents),
                column.cents,
            )
        else:
            top, tall = floor - height_of(level), height_of(column.cents)
            level -= column.cents
        tall = max(tall, 1.5) if column.cents else 0
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{tall:.1f}" rx="3" '
            f'class="bar {column.tone}"/>'
            f'<text x="{x + width / 2:.1f}" y="{top - 8:.1f}" class="value" '
            f'text-anchor="middle">{escape(column.text)}</text>'
            + _two_lines(column.label, x + width / 2, floor + 20)
        )
        if position < len(columns) - 1:
            y = floor - height_of(level)
            parts.append(
                f'<line x1="{x + width:.1f}" y1="{y:.1f}" x2="{x + step:.1f}" y2="{y:.1f}" '
                'class="connector"/>'
            )
    axis = f'<line x1="0" y1="{floor}" x2="{_WIDTH}" y2="{floor}" class="axis"/>'
    return _svg("".join(parts) + axis, _WIDTH, _FALL_HEIGHT, title, description)


_LINE_LENGTH = 15


def _two_lines(text: str, x: float, y: float) -> str:
    """A label under a column, broken at a blank where it would be too wide."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LINE_LENGTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{y + position * 16:.1f}">{escape(line)}</tspan>'
        for position, line in enumerate(lines)
    )
    return f'<text class="label" text-anchor="middle">{spans}</text>'


def _svg(body: str, width: int, height: int, title: str, description: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" class="chart" '
        f'aria-label="{escape(title, quote=True)}. {escape(description, quote=True)}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{body}</svg>"
    )
