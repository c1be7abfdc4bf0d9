"""The board in the review desk: figures as plots and tables, and the same as sheets to take along."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from permits.intake.sheets import storable
from reviews import board
from reviews.admin.access import is_supervisor, who
from reviews.admin.plots import DRAWN, plot
from reviews.board import Cell


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
        "query": request.GET.urlencode(), "now": timezone.now(), "most": board.MOST, "listed": board.LISTED,
        "drawn": DRAWN,
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


def _storable(cell: Cell) -> Cell:
    """A sheet has no place for control characters."""
    return storable(cell) if isinstance(cell, str) else cell


def _xlsx(rows: Iterable[list[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("board")
    for row in rows:
        sheet.append([_storable(inert(cell)) for cell in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()
