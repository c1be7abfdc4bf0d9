"""A table of the board as bars, drawn on the server as SVG.

Lengths are shares of the width and texts have the size of the page's, so that a plot can be read at whatever width,
without a script. Colours are the style sheet's, light and dark. The table beside it says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from reviews.board import Cell, Table

BAR, LINE, ROOM = 14, 18, 12  # pixels: a bar, a line of text, what is left free below a row
WIDEST = 82  # per cent of the width; the rest is for the number behind the bar
DRAWN = 12  # rows: the longest ones, where there are more


def plot(table: Table) -> SafeString:
    """The numbers of ``table.bars``; nothing for a table without rows."""
    if not table.rows or not table.bars:
        return SafeString("")
    bars = 1 if table.stacked else len(table.bars)
    rows = drawn(table)
    lines = table.names + (table.beside is not None)
    step = LINE * lines + BAR * bars + ROOM
    legend = step * len(rows) + 4
    most = max(_length(table, row) for row in rows) or 1.0
    named = f"plot-{table.key}"
    told = _("Bars for %(series)s; the table below has the same numbers.") % {
        "series": ", ".join(table.head[column] for column in table.bars)
    }
    parts = [
        f'<svg class="rv-plot" width="100%" height="{legend + LINE * len(table.bars)}" role="img" '
        f'aria-labelledby="{named}-title {named}-told"><title id="{named}-title">{escape(table.title)}</title>'
        f'<desc id="{named}-told">{escape(told)}</desc>'
    ]
    for place, row in enumerate(rows):
        top = place * step
        names = [str(name) for name in row[: table.names]]
        if table.beside is not None:
            names.append(f"{table.head[table.beside]}: {_said(row[table.beside])}")
        for line, name in enumerate(names):
            kind = "rv-plot-name" if line == 0 else "rv-plot-more"
            parts.append(f'<text class="{kind}" x="0" y="{top + LINE * line + 13}">{escape(name)}</text>')
        parts += (_stack if table.stacked else _beside)(table, row, top + LINE * lines, most)
    for series, column in enumerate(table.bars):
        y = legend + LINE * series
        parts.append(f'<rect class="rv-bar rv-bar-{series}" x="0" y="{y + 2}" width="12" height="12"/>')
        parts.append(f'<text x="18" y="{y + 13}">{escape(table.head[column])}</text>')
    return mark_safe("".join([*parts, "</svg>"]))  # noqa: S308 (every text in it is escaped above)


def columns(table: Table) -> SafeString:
    """The numbers of ``table.bars`` over time, a group of columns a row, the earliest to the left."""
    if not table.rows or not table.bars:
        return SafeString("")
    most = max(_number(row[column]) for row in table.rows for column in table.bars) or 1.0
    named, high, top = f"plot-{table.key}", 140, LINE
    told = _("Bars for %(series)s; the table below has the same numbers.") % {
        "series": ", ".join(table.head[column] for column in table.bars)
    }
    parts = [
        f'<svg class="rv-plot" width="100%" height="{top + high + LINE * (2 + len(table.bars))}" role="img" '
        f'aria-labelledby="{named}-title {named}-told"><title id="{named}-title">{escape(table.title)}</title>'
        f'<desc id="{named}-told">{escape(told)}</desc><text x="0" y="12">{_said(most)}</text>'
        f'<line class="rv-axis" x1="0" x2="100%" y1="{top + high}" y2="{top + high}"/>'
    ]
    room = 100 / len(table.rows)
    wide = room * 0.8 / len(table.bars)
    for place, row in enumerate(table.rows):
        for series, column in enumerate(table.bars):
            tall = high * _number(row[column]) / most
            x = place * room + room * 0.1 + series * wide
            parts.append(f'<rect class="rv-bar rv-bar-{series}" x="{x:.2f}%" y="{top + high - tall:.1f}" width="{wide:.2f}%" height="{tall:.1f}"/>')  # fmt: skip
    for place, anchor in ((0, "start"), (len(table.rows) - 1, "end"))[: len(table.rows)]:
        x = 0 if anchor == "start" else 100
        parts.append(f'<text x="{x}%" y="{top + high + 14}" text-anchor="{anchor}">{escape(str(table.rows[place][0]))}</text>')
    for series, column in enumerate(table.bars):
        y = top + high + LINE * (1 + series)
        parts.append(f'<rect class="rv-bar rv-bar-{series}" x="0" y="{y + 2}" width="12" height="12"/>')
        parts.append(f'<text x="18" y="{y + 13}">{escape(table.head[column])}</text>')
    return mark_safe("".join([*parts, "</svg>"]))  # noqa: S308 (every text in it is escaped above)


def drawn(table: Table) -> list[list[Cell]]:
    """The rows that are drawn, in the table's order."""
    if len(table.rows) <= DRAWN:
        return table.rows
    longest = sorted(range(len(table.rows)), key=lambda n: -_length(table, table.rows[n]))[:DRAWN]
    return [table.rows[n] for n in sorted(longest)]


def _beside(table: Table, row: list[Cell], top: int, most: float) -> Iterator[str]:
    for series, column in enumerate(table.bars):
        wide = WIDEST * _number(row[column]) / most
        y = top + BAR * series
        yield f'<rect class="rv-bar rv-bar-{series}" x="0" y="{y}" width="{wide:.2f}%" height="{BAR - 2}"/>'
        yield f'<text x="{wide:.2f}%" dx="5" y="{y + 10}">{_said(row[column])}</text>'


def _stack(table: Table, row: list[Cell], top: int, most: float) -> Iterator[str]:
    x = 0.0
    for series, column in enumerate(table.bars):
        wide = WIDEST * _number(row[column]) / most
        if wide:
            yield (
                f'<rect class="rv-bar rv-bar-{series}" x="{x:.2f}%" y="{top}" width="{wide:.2f}%" height="{BAR - 2}"/>'
            )
        x += wide
    yield f'<text x="{x:.2f}%" dx="5" y="{top + 10}">{_said(_length(table, row))}</text>'


def _length(table: Table, row: list[Cell]) -> float:
    values = [_number(row[column]) for column in table.bars]
    return sum(values) if table.stacked else max(values)


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _said(cell: Cell) -> str:
    if isinstance(cell, str):  # on the public board, less than is shown
        return escape(cell)
    return "—" if cell is None else f"{_number(cell):g}"
