"""The files of an application, to those who may see them: the applicant's side, and officials who have a task on it.

An official's look is on record, one event for each person, file and hour. What an official saves has their name on it; only the
viewer gets the file as it was stored, at an address that is theirs alone and good for minutes (``links``). A file that is
not what was stored is shown to nobody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from permits.intake import links, serving, stamping
from permits.intake.reading import Damaged
from permits.intake.serving import Served
from permits.intake.storage import StorageUnavailable
from permits.models import Application, Check, Material, MaterialPart
from portal.requests import SignedIn
from reviews.audit import reads
from reviews.models import Task
from reviews.notices import alerts


@login_required
@xframe_options_sameorigin
def serve(request: SignedIn, public_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file: as it was handed in for the applicant's side, an official's own copy for an official. ``?save``: as a download."""
    material, task = _found(request, public_id, file_id)
    if material.erased_at:
        return _erased(request, material)
    if task is None:
        return _sent(request, material, inline=_is_shown(material) and "save" not in request.GET)
    _note(request, material)
    return _copy(request, material, task)


@login_required
@xframe_options_sameorigin
def view(request: SignedIn, public_id: UUID, file_id: UUID, token: str) -> HttpResponseBase:
    """The file as it was stored, for the viewer on a page of ours. Too late, or opened by itself: where the copies are."""
    material, task = _found(request, public_id, file_id)
    alone = request.headers.get("Sec-Fetch-Dest") == "document"
    if alone or material.erased_at or not links.is_good(token, file_id, request.user):
        return redirect(material.url)
    if task is not None:
        _note(request, material)
    return _sent(request, material, inline=_is_shown(material))


@login_required
@xframe_options_sameorigin
def part(request: SignedIn, public_id: UUID, file_id: UUID, kind: str, page: int) -> HttpResponseBase:
    """A picture of a page, or the text of the file."""
    material, task = _found(request, public_id, file_id)
    found = get_object_or_404(MaterialPart, material=material, kind=kind, page=page)
    if task is not None:
        _note(request, material)
    picture = found.kind != MaterialPart.Kind.TEXT
    name = f"{kind}-{page}.{'jpg' if picture else 'json'}"
    file = Served(found.sha256, found.size, found.media_type, name, inline=picture, from_here=True)
    return _guarded(request, lambda: serving.respond(request, file, on_damage=alerts.damaged_file), material)


def _found(request: SignedIn, public_id: UUID, file_id: UUID) -> tuple[Material, Task | None]:
    """The file, and the task by which an official sees it; none for the applicant's side. Not found for anybody else, nor
    what did not pass inspection.
    """
    mine = Application.objects.visible_to(request.user).filter(public_id=public_id).exists()
    tasks = Task.objects.visible_to(request.user).filter(application__public_id=public_id)
    task = None if mine else tasks.select_related("department").order_by("-pk").first()
    if not mine and task is None:
        raise Http404
    files = Material.objects.select_related("application").filter(check_state=Check.FINE)
    return get_object_or_404(files, application__public_id=public_id, public_id=file_id), task


def _note(request: SignedIn, material: Material) -> None:
    """An official looked at it."""
    reads.note(request.user, material.application, "file", role="official", file=str(material.public_id))


def _is_shown(material: Material) -> bool:
    """In the browser: pictures that were made anew, PDFs that were looked into. Everything else is saved."""
    return material.is_image or material.is_pdf


def _sent(request: SignedIn, material: Material, *, inline: bool) -> HttpResponseBase:
    file = Served(material.sha256, material.size, material.media_type, material.original_name, inline=inline)
    return _guarded(request, lambda: serving.respond(request, file, on_damage=alerts.damaged_file), material)


def _copy(request: SignedIn, material: Material, task: Task) -> HttpResponseBase:
    """What an official saves: with their name, office and the time on it, or in its name where there are no pages to draw on."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    now = timezone.now()
    name = stamping.name_for(material, request.user, now)
    inline = _is_shown(material) and "save" not in request.GET
    file = Served(material.sha256, material.size, material.media_type, name, inline=inline, from_here=True)
    if not stamping.can_carry(material):
        return _guarded(request, lambda: serving.respond(request, file, on_damage=alerts.damaged_file), material)

    def drawn() -> HttpResponseBase:
        lines = stamping.lines_for(request.user, str(task.department), now)
        response = FileResponse(stamping.stamped(material, lines))
        response["Accept-Ranges"] = "none"  # each copy is made anew
        return serving.dressed(response, file)

    return _guarded(request, drawn, material)


def _guarded(request: HttpRequest, send: Any, material: Material) -> HttpResponseBase:
    """What stands against it, in words; a damaged file is told to ops and shown to nobody."""
    try:
        response: HttpResponseBase = send()
    except Damaged as damaged:
        alerts.damaged_file(damaged)
        return _refused(request, material, _("This file was damaged in storage, so it is not shown. The operators were told; "
                                             "nothing has to be done by you."), 503)  # fmt: skip
    except StorageUnavailable:
        return _refused(
            request, material, _("The storage of files can't be reached just now. Try again in a few minutes."), 503
        )
    except stamping.CannotStamp as error:
        alerts.log.warning("material %s: %s", material.public_id, error)
        return _refused(request, material, _("A copy with your name on it could not be made of this file. Look at it in the viewer; "
                                             "a supervisor can take out the original, with a reason."), 503)  # fmt: skip
    return response


def _erased(request: HttpRequest, material: Material) -> HttpResponse:
    return _refused(request, material, _("This file was erased when the time for which it is kept was over. What it was stays on "
                                         "record: SHA-256 %(digest)s.") % {"digest": material.sha256}, 410)  # fmt: skip


def _refused(request: HttpRequest, material: Material, words: str, status: int) -> HttpResponse:
    context = {"material": material, "words": words, "status": status}
    response = render(request, "errors/file.html", context, status=status)
    # It was told in our own words: Django would mail every such answer to ops besides.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
