"""The materials of an application, looked at: the viewer beside the review form and as a page of its own.

What draws a file is a frame of its own origin without a session (``frame``; static/js/viewer/sheet.mjs): the page around it gets
pictures of pages from it. docs/decisions/0024-a-viewer-in-a-box.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from permits.definition import Text
from permits.intake import links, texts
from permits.models import Application, Material, MaterialPart, Status
from permits.models.material import Check
from reviews.admin import casefile
from reviews.admin.access import looks, own_tasks, who
from reviews.models import Mark, Task
from reviews.models.mark import area_words

MOST_TEXT = 2_000_000  # signs of one file that the viewer is given


@dataclass(frozen=True)
class Sheet:
    """A file as the viewer knows it: how it is shown, and what was marked on it."""

    file: Material
    title: str
    kind: str  # pdf | image | text | none
    marks: list[dict[str, Any]]

    @property
    def in_sheets(self) -> bool:
        """What its text is counted in: a workbook has sheets, and no pages."""
        return self.file.original_name.lower().endswith(".xlsx")

    @property
    def data(self) -> str:
        """For the script."""
        return json.dumps({
            "file": str(self.file.public_id), "key": self.file.requirement, "title": self.title,
            "name": self.file.original_name, "type": self.file.media_type, "url": self.file.url, "kind": self.kind,
            "warnings": self.file.warnings, "marks": self.marks, "replaced": self.file.replaced_at is not None,
        })  # fmt: skip


def sheets(application: Application) -> list[Sheet]:
    """Every file that passed inspection and is kept, in the order in which materials are asked for, those that were replaced last."""
    order = {each.key: (n, str(each.title)) for n, each in enumerate(application.definition.materials)}
    there = [file for file in casefile.all_files(application) if file.erased_at is None]
    files = sorted(there, key=lambda file: (file.replaced_at is not None, order.get(file.requirement, (len(order), ""))[0]))
    marked: dict[UUID, list[dict[str, Any]]] = {}
    for mark in Mark.objects.filter(item__notice__application=application).select_related("item"):
        said = mark.item.message or _("The words are not kept any more.")
        place = {"page": mark.page, "at": list(mark.place.sides), "words": said}
        marked.setdefault(mark.file, []).append(place)
    return [
        Sheet(file, order.get(file.requirement, (0, file.requirement))[1], _kind(file),
              marked.get(file.public_id, []))
        for file in files
    ]  # fmt: skip


def _kind(file: Material) -> str:
    if file.erased_at:
        return "none"
    if file.is_pdf:
        return "pdf"
    if file.is_image:
        return "image"
    return "text" if any(part.kind == MaterialPart.Kind.TEXT for part in file.parts.all()) else "none"


def beside_the_form(task: Task, *, marks: bool) -> dict[str, Any]:
    """What the pane of the review page needs. ``marks``: corrections can be asked for now."""
    return {"sheets": sheets(task.application), "viewer_words": words(), "can_mark": marks}


def can_mark(task: Task) -> bool:
    """Whether the process lets corrections be asked for at this task. Whether this official may, the form says."""
    waits = task.application.status in (Status.SUBMITTED, Status.CORRECTED)
    return task.state == Task.State.OPEN and task.kind == "precheck" and waits


def page(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """The viewer on a page of its own: on a phone, on a second screen; ``beside`` shows an earlier file next to it.

    Without a script it is the list of files, and the search in them.
    """
    task = _task(request, pk)
    found = sheets(task.application)
    chosen = _chosen(request, "file", found) or (found[0] if found else None)
    query = request.GET.get("q", "").strip()[: texts.LONGEST_QUERY]
    panes = [each for each in (_chosen(request, "beside", found), chosen) if each]
    context = {
        **context, "title": _("Materials"), "task": task, "application": task.application, "sheets": found,
        "panes": panes, "start_page": _number(request.GET.get("page", "")), "query": query,
        "found": _found(request, task, query) if query else None, "can_mark": can_mark(task) and len(panes) == 1,
        "viewer_words": words(),
    }  # fmt: skip
    looks(request, task.application, "review", office=task.department)
    response = render(request, "admin/reviews/task/viewer_page.html", context)
    # Nothing of unfold is on this page, so it needs no wider policy than the site's.
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    )
    return response


@require_safe
@xframe_options_sameorigin
def frame(request: HttpRequest) -> HttpResponse:
    """The box that draws one file: no origin, no session, no network but the fonts and character maps of PDF.js."""
    response = render(request, "admin/reviews/task/viewer_frame.html")
    static = settings.STATIC_URL
    ours = static if "://" in static else f"{request.scheme}://{request.get_host()}{static}"
    response["Content-Security-Policy"] = (
        f"sandbox allow-scripts; default-src 'none'; script-src {ours}js/viewer/ {ours}vendor/pdfjs/; worker-src blob:; "
        f"connect-src {ours}vendor/pdfjs/; font-src {ours}vendor/pdfjs/; img-src blob: data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )
    return response


@require_safe
def find(request: HttpRequest, pk: int) -> HttpResponse:
    """The results of a search, for the script to put into the pane."""
    task = _task(request, pk)
    query = request.GET.get("q", "").strip()[: texts.LONGEST_QUERY]
    context = {"task": task, "query": query, "found": _found(request, task, query)}
    return render(request, "admin/reviews/task/viewer_found.html", context)


def _found(request: HttpRequest, task: Task, query: str) -> dict[str, Any]:
    known = {each.file.public_id: each for each in sheets(task.application)}
    found = texts.find([each.file for each in known.values()], query)
    looks(request, task.application, "file_search", office=task.department)
    return {
        "hits": [(known[hit.material.public_id], hit) for hit in found.hits],
        "cut": found.cut, "without_text": [known[each.public_id] for each in found.without_text],
    }  # fmt: skip


@require_safe
def content(request: HttpRequest, pk: int, file: UUID) -> HttpResponse:
    """Leads to the file as it is stored. Asked for when the file is chosen, so an address that is good for minutes is a fresh one."""
    return redirect(links.view_url(_file(_task(request, pk), file), who(request)))


@require_safe
def text(request: HttpRequest, pk: int, file: UUID) -> HttpResponse:
    """The text of a file, page by page."""
    task = _task(request, pk)
    material = _file(task, file)
    looks(request, task.application, "file", office=task.department, file=str(file))
    pages, left = [], MOST_TEXT
    for each in texts.pages_of(material):
        pages.append(each[:left])
        left = max(0, left - len(each))
    return JsonResponse({"pages": pages})


def _task(request: HttpRequest, pk: int) -> Task:
    return get_object_or_404(own_tasks(request), pk=pk)


def _file(task: Task, file: UUID) -> Material:
    return get_object_or_404(task.application.materials.filter(check_state=Check.FINE), public_id=file)


def _chosen(request: HttpRequest, name: str, found: list[Sheet]) -> Sheet | None:
    return next((each for each in found if str(each.file.public_id) == request.GET.get(name)), None)


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and 0 < len(said) < 6 else 1


def words() -> dict[str, str]:
    """What the script says."""
    return {
        "loading": _("The file is being opened …"),
        "drawing": _("Page {page} of {pages} is being drawn …"),
        "shown": _("{name}, page {page} of {pages}"),
        "text_shown": _("Text of {name}, page {page} of {pages}"),
        "no_text": _("There is no text on this page, or none that could be read."),
        "none": _("This kind of file can't be shown here: download it to look at it."),
        "broken": _("This file can't be shown here. Open it in a new tab, or download it."),
        "locked": _("This file is locked with a password."),
        "late": _("This file takes too long to draw. Open it in a new tab, or download it."),
        "lost": _("The file could not be fetched. Check the connection, and choose it again."),
        "signed_out": _("You were signed out. Sign in again in another tab, and choose the file again."),
        "page": _("Page {page}"),
        "box": _("Drawing of the file"),
        "searching": _("Searching …"),
        "search_failed": _("The search did not work just now. Try again."),
        "place": _("Place to be marked: the arrow keys move it, Shift and the arrow keys size it, Enter goes on to the words."),
        "place_at": _("from the left {left} %, from the top {top} %, {width} % wide, {height} % high"),
        "draw": _("Draw a rectangle around the place with the pointer, or move the one that is there with the arrow keys."),
        "marked": _("Added to the corrections."),
        "marked_away": _("Noted: it stands in the corrections of the review page."),
        "words_needed": _("Say what is to be corrected there."),
        "not_added": _("This place is not among the corrections yet: add it, or cancel it. Then send."),
        "too_many": _("That is as many places as one notice takes."),
        "mark": _("Mark {number}: {words}"),
        "between": pgettext("between a field's name and its error", ": "),
        **{f"at_{line}{column}": str(Text(**area_words("{page}", line, column)))
           for line in range(3) for column in range(3)},
    }  # fmt: skip
