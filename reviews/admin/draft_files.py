"""The files of a draft edition: what each material names, where it comes from, and a place to upload another one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits import definition_text, edition_files, spoken
from permits.intake.inspect import refuse_size
from permits.intake.storage import StorageUnavailable
from permits.intake.upload import uploads
from permits.models import EditionDraft
from reviews import draft_files, drafting
from reviews.admin import draft_editor
from reviews.admin.access import who

REFUSALS = (
    ValidationError,
    draft_files.NoSuchMaterial,
    drafting.Closed,
    definition_text.Unwritable,
    StorageUnavailable,
)


def page(request: HttpRequest, draft: EditionDraft) -> HttpResponse:
    """``?show=NAME`` gives one of them. Posted: ``material``, ``role``, and ``do``: put (with a ``file``), back or remove."""
    if request.method != "POST":
        return _file(draft, request.GET["show"]) if "show" in request.GET else _show(request, draft)
    material, role = request.POST.get("material", ""), request.POST.get("role", "")
    try:
        draft_files.place(draft, material, role)
        done = _do(request, draft, material, role)
    except REFUSALS as refusal:
        draft.refresh_from_db()
        return _show(request, draft, refused=(material, role, _words(refusal)), status=422)
    messages.success(request, done)
    return HttpResponseRedirect(reverse("admin:permits_editiondraft_files", args=[draft.pk]))


def _do(request: HttpRequest, draft: EditionDraft, material: str, role: str) -> str:
    place: dict[str, Any] = {"by": who(request), "material": material, "role": role}
    match request.POST.get("do"):
        case "put":
            file = next(iter(uploads(request)), None)
            if file is None:
                raise ValidationError(_("Choose a file first."))
            refuse_size(file.size or 0, edition_files.MAX_BYTES)
            made = draft_files.put(draft.pk, uploaded=file.name or "", content=file.read(), **place)
            return _("“%(name)s” is in the draft.") % {"name": made.name}
        case "back":
            draft_files.take_away(draft.pk, name=False, **place)
            return _("The file that is in force stays.")
        case "remove":
            draft_files.take_away(draft.pk, name=True, **place)
            return _("The draft names no file there any more.")
    raise ValidationError(_("Choose a file first."))


def _words(refusal: Exception) -> str:
    if isinstance(refusal, StorageUnavailable):
        return _("The file can't be stored at the moment. Nothing was changed; try again.")
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


def _file(draft: EditionDraft, name: str) -> HttpResponse:
    found = draft_files.find(draft, name)
    if found is None:
        raise Http404
    try:
        return edition_files.served(found)  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise Http404 from error


def _show(
    request: HttpRequest, draft: EditionDraft, *, refused: tuple[str, str, str] = ("", "", ""), status: int = 200
) -> HttpResponse:
    try:
        rows, error = _rows(draft, refused), ""
    except draft_files.NoSuchMaterial as unreadable:
        rows, error = [], str(unreadable)
    placed = any(row["error"] for group in rows for row in group["files"])
    context = {
        **admin.site.each_context(request), "opts": EditionDraft._meta, "draft": draft, "rows": rows,
        "name": draft_editor.name_of(draft), "title": _("Files to download and pictures"),
        "error": error or ("" if placed else refused[2]), "mb": edition_files.MAX_BYTES // edition_files.MB,
    }  # fmt: skip
    return render(request, "admin/permits/editiondraft/files.html", context, status=status)


def _rows(draft: EditionDraft, refused: tuple[str, str, str]) -> list[dict[str, Any]]:
    """One a material, with its two files: ``where`` is draft, force, ships, missing, or "" for none."""
    language = spoken.language()
    uploaded = {file.name: file for file in draft.files.all()}
    published = (
        {file.name: file for file in draft.service.current.files.all()}
        if draft.service and draft.service.current
        else {}
    )
    groups: dict[str, dict[str, Any]] = {}
    for each in draft_files.asked(draft.source):
        title = each.title.get(language) or each.material
        group = groups.setdefault(each.material, {"title": title, "key": each.material, "files": []})
        found = uploaded.get(each.name) or published.get(each.name)
        ships = bool(each.name) and found is None and edition_files.ships(each.name)
        group["files"].append({
            "role": each.role, "name": each.name, "file": found, "kinds": ", ".join(edition_files.ROLES[each.role]).upper(),
            "accept": ",".join(f".{kind}" for kind in edition_files.ROLES[each.role]),
            "where": "draft" if each.name in uploaded else "force" if found else "ships" if ships else "missing" if each.name else "",
            "back": each.name in uploaded and (each.name in published or edition_files.ships(each.name)),
            "error": refused[2] if (each.material, each.role) == refused[:2] else "",
        })  # fmt: skip
    return list(groups.values())
