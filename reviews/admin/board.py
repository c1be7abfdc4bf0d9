"""The board in the review desk: figures as plots and tables, and the same as sheets to take along."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from html import escape
from io import BytesIO
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from openpyxl import Workbook

from reviews import board
from reviews.admin.access import is_supervisor, who
from reviews.board import Cell, Table

BAR, ROOM, LABEL, SCALE = 14, 10, 18, 420  # pixels


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    scope = _scope(request)
    everything = board.scope_of(who(request))
    tables = board.tables(scope)
    periods = {"today": _("Today"), "7": _("7 days"), "30": _("30 days"), "90": _("90 days")}
    chosen = {name: request.GET.get(name, "") for name in ("period", "service", "department")}
    context = {
        **context, "title": _("Board"), "is_fullwidth": "1", "chosen": chosen | {"period": chosen["period"] or "30"},
        "parts": [(table, plot(table)) for table in tables], "since": scope.since, "periods": periods.items(),
        "services": [(slug, str(definition.title)) for slug, definition in scope.services.items()],
        "departments": [(str(office.pk), str(office)) for office in everything.departments],
        "query": request.GET.urlencode(), "now": timezone.now(),
    }  # fmt: skip
    return render(request, "admin/reviews/board.html", context)


def export(request: HttpRequest, table: str, form: str) -> HttpResponse | StreamingHttpResponse:
    """A table of the board, or the tasks behind it, as CSV or XLSX."""
    scope = _scope(request)
    if table == "tasks":
        rows = board.task_rows(scope)
    else:
        found = next((each for each in board.tables(scope) if each.key == table), None)
        if found is None:
            raise Http404
        rows = [[str(cell) for cell in found.head], *found.rows]
    name = f"board-{table}-{timezone.localdate():%Y%m%d}.{form}"
    if form == "csv":
        response: Any = StreamingHttpResponse(_csv(rows), "text/csv; charset=utf-8")
    elif form == "xlsx":
        response = HttpResponse(_xlsx(rows), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    else:
        raise Http404
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _scope(request: HttpRequest) -> board.Scope:
    if not is_supervisor(request):
        raise PermissionDenied
    asked = {name: request.GET.get(name, "") for name in ("period", "service", "department")}
    return board.scope_of(who(request), **{name: value for name, value in asked.items() if value})


def inert(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula is made a text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


class _Line:
    """What ``csv`` writes to: gives each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterable[list[Cell]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"  # by this mark Excel knows that it is UTF-8
    for row in rows:
        yield writer.writerow(["" if cell is None else inert(cell) for cell in row])


def _xlsx(rows: Iterable[list[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("board")
    for row in rows:
        sheet.append([inert(cell) for cell in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def plot(table: Table) -> SafeString:
    """The table's numbers as bars, drawn here. The table beside it says the same in words."""
    if not table.rows or not table.bars:
        return SafeString("")
    stacked = table.key == "open"
    most = max((_longest(table, row, stacked) for row in table.rows), default=0) or 1
    step = LABEL + BAR * (1 if stacked else len(table.bars)) + ROOM
    height = step * len(table.rows) + 26
    parts = [
        f'<svg class="rv-plot" viewBox="0 0 520 {height}" role="img" aria-label="{escape(table.title)}">',
        f"<title>{escape(table.title)}</title>",
    ]
    for place, row in enumerate(table.rows):
        y = place * step
        words = " · ".join(str(cell) for cell in row[: table.names])
        parts.append(f'<text class="rv-plot-label" x="0" y="{y + 13}">{escape(words)}</text>')
        x = 0.0
        for series, column in enumerate(table.bars):
            value = row[column]
            amount = float(value) if isinstance(value, int | float) else 0.0
            width = SCALE * amount / most
            top = y + LABEL + (0 if stacked else series * BAR)
            parts.append(
                f'<rect class="rv-bar rv-bar-{series}" x="{x:.1f}" y="{top}" width="{width:.1f}" height="{BAR - 2}"/>'
            )
            if not stacked:
                parts.append(f'<text class="rv-plot-value" x="{width + 5:.1f}" y="{top + 10}">{_said(value)}</text>')
            x += width if stacked else 0
        if stacked:
            parts.append(
                f'<text class="rv-plot-value" x="{x + 5:.1f}" y="{y + LABEL + 10}">{x and _total(table, row)}</text>'
            )
    legend = step * len(table.rows) + 8
    x = 0.0
    for series, column in enumerate(table.bars):
        parts.append(f'<rect class="rv-bar rv-bar-{series}" x="{x}" y="{legend}" width="11" height="11"/>')
        parts.append(f'<text class="rv-plot-value" x="{x + 15}" y="{legend + 10}">{escape(table.head[column])}</text>')
        x += 130
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308 (every text in it is escaped above)


def _longest(table: Table, row: list[Cell], stacked: bool) -> float:
    values = [float(value) for value in (row[column] for column in table.bars) if isinstance(value, int | float)]
    return (sum(values) if stacked else max(values, default=0.0)) if values else 0.0


def _total(table: Table, row: list[Cell]) -> int:
    return sum(int(value) for value in (row[column] for column in table.bars) if isinstance(value, int))


def _said(value: Cell) -> str:
    return "—" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
