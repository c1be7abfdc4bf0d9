"""Materials: each file is saved as it arrives, shown to those who may see it, and to nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from permits.definition import Requirement
from permits.forms import values_of
from permits.intake import scanner
from permits.intake.left import left_files
from permits.intake.materials import Refused, add_material, remove_material, requirement_state, take_in
from permits.intake.ordering import move as put_elsewhere
from permits.intake.storage import StorageUnavailable
from permits.intake.upload import safe_name, uploads
from permits.models import Application, Check, Material, Status, User
from portal.asked import asked_of, open_notice, owes
from portal.blocks import block, left_rows, move_url, refresh_after, remove_url
from portal.requests import SignedIn
from portal.views.filing import asks_for_materials, steps
from reviews import workflow


@login_required
def materials(request: SignedIn, public_id: UUID) -> HttpResponse:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version", "enterprise"), public_id=public_id
    )
    if not application.is_draft:
        return redirect(application)
    if not asks_for_materials(application):
        return redirect("check", public_id)
    return show(request, application)


def show(request: SignedIn, application: Application, *, status: int = 200, refused: Any = None) -> HttpResponse:
    values = values_of(application.definition, application.answers)
    elsewhere = {field.material for field in application.definition.fields()}  # asked for in the form itself
    states = requirement_state(application, values)
    blocks = [block(application, state) for state in states if state.requirement.key not in elsewhere]
    context = {
        "application": application, "blocks": blocks, "steps": steps(application, "materials"), "refused": refused,
        "back": reverse("fill", args=[application.public_id, application.definition.sections[-1].key]),
        "section": "applications", "refresh": refresh_after(states), "left_files": left_rows(application),
    }  # fmt: skip
    return render(request, "filing/materials.html", context, status=status)


@login_required
def add(request: SignedIn, public_id: UUID, key: str) -> HttpResponse:
    """Take the files of one requirement. JSON for the script, a page for everybody else."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    requirement = application.definition.requirement(key)
    if requirement is None:
        raise Http404
    if request.method != "POST":  # back from the log-in
        return redirect(page_of(application) + f"#material-{key}")
    owed = owes(application, key)
    script = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    if not may_change(application, key):
        return _refused(
            request, application, [_("This application was sent; its materials can't be changed now.")], script, 409
        )
    files = uploads(request)
    if not files:
        return _refused(request, application, [_("No file arrived. Choose a file and try again.")], script, 400)
    added, faults, status = take_files(application, key, files, request.user)
    if faults:
        return _refused(request, application, faults, script, status)
    said = said_of(application, request.user, owed=owed, waits=any(material.waits for material in added))
    if script:
        return JsonResponse(taken(request, requirement, added, said=said, owed=owed))
    messages.success(request, said)
    return redirect(page_of(application) + f"#material-{key}")


def taken(
    request: SignedIn, requirement: Requirement, added: list[Material], *, said: str, owed: bool
) -> dict[str, Any]:
    """What the script is told of files that were taken in."""
    answer = {
        "ok": True, "html": "".join(row(request, requirement, material, changeable=not owed) for material in added),
        "replace": requirement.max_count == 1 and all(material.is_fine for material in added),
    }  # fmt: skip
    if owed:
        answer["status_html"] = render_to_string("components/notice.html", {"level": "success", "text": said})
    return answer


def row(request: SignedIn, requirement: Requirement | None, material: Material, *, changeable: bool) -> str:
    may = {"delete_url": remove_url(material)} if changeable else {}
    if changeable and requirement is not None:
        may["move_url"] = move_url(material, requirement)
    return render_to_string("components/file_row.html", {"material": material, **may}, request)


def said_of(application: Application, user: User, *, owed: bool, waits: bool) -> str:
    if waits:
        return _("It has arrived and is being checked; then the office is told.") if owed else _("Saved. It is being checked.")
    return _handed_in(application, user) if owed else _("Saved.")


def _handed_in(application: Application, user: User) -> str:
    workflow.material_arrived(application.pk, applicant=user)
    return _arrived(application)


def _arrived(application: Application) -> str:
    if left := application.promises.owed().count():
        return ngettext(
            "It has arrived, and the office was told. %(count)d material is still to be handed in.",
            "It has arrived, and the office was told. %(count)d materials are still to be handed in.", left,
        ) % {"count": left}  # fmt: skip
    return _("It has arrived, and the office was told. Nothing more is owed.")


def take_files(
    application: Application, key: str, files: list[UploadedFile], user: User
) -> tuple[list[Material], list[str], int]:
    """Each file by itself: one that is refused keeps no other out. The materials, the faults, the worst status."""
    added: list[Material] = []
    found: list[str] = []
    status = 200
    take = add_material if settings.INSPECTION == "here" else take_in
    for file in files:
        try:
            material = take(
                application=application, requirement_key=key, upload=file, user=user,
                may_change=lambda locked: may_change(locked, key),
            )  # fmt: skip
        except ValidationError as error:
            faults = [*error.messages, *map(str, getattr(error, "faults", [])[:50])]
            status = max(status, 422)
        except scanner.Down:
            faults = [_("The file can't be checked for viruses just now. Nothing else was lost; please try again in a few minutes.")]
            status = 503
        except StorageUnavailable:
            faults = [
                _("The file could not be stored just now. Nothing else was lost; please try again in a few minutes.")
            ]
            status = 503
        else:
            added.append(material)
            continue
        name = safe_name(file.name or "") + pgettext("between a field's name and its error", ": ")
        found += [name + fault for fault in faults] if len(files) > 1 else faults
    return added, found, status


def _refused(request: SignedIn, application: Application, faults: list[str], script: bool, status: int) -> HttpResponse:
    if script:
        return JsonResponse({"ok": False, "message": "\n".join(faults)}, status=status)
    for fault in faults:
        messages.error(request, fault)
    return redirect(page_of(application))


def page_of(application: Application) -> str:
    if application.status == Status.NEEDS_CORRECTION:
        return reverse("corrections", args=[application.public_id])
    return reverse("materials" if application.is_draft else "application", args=[application.public_id])


def may_change(application: Application, key: str) -> bool:
    """In a draft; what is owed; and, while corrections are asked for, what they ask for."""
    if owes(application, key):
        return True
    if application.status != Status.NEEDS_CORRECTION:
        return application.is_draft
    notice = open_notice(application)
    return notice is not None and key in asked_of(application, notice).materials


@login_required
def remove(request: SignedIn, public_id: UUID, file_id: UUID) -> HttpResponse:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    here = application.materials.shown() | left_files(application)
    material = here.filter(public_id=file_id).first()
    if request.method != "POST" or material is None:  # back from the log-in; or a second click
        return redirect(page_of(application))
    key = material.requirement
    try:
        remove_material(material=material, user=request.user, may_change=lambda locked: may_change(locked, key))
    except Refused as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("“%(name)s” was removed.") % {"name": material.original_name})
    return redirect(page_of(application))


@login_required
def state(request: SignedIn, public_id: UUID, file_id: UUID) -> HttpResponse:
    """How far the check of a file is, for the script: its row, and whether it takes the place of the others."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    if request.headers.get("X-Requested-With") != "XMLHttpRequest":  # back from the log-in
        return redirect(page_of(application))
    material = application.materials.shown().filter(public_id=file_id).first()
    if material is None:  # removed, or it was there already
        return JsonResponse({"state": "gone", "html": ""})
    material.application = application
    requirement = application.definition.requirement(material.requirement)
    owed = owes(application, material.requirement)
    removable = may_change(application, material.requirement) and not (owed and material.is_fine)
    answer = {
        "state": material.check_state, "html": row(request, requirement, material, changeable=removable),
        "replace": material.is_fine and requirement is not None and requirement.max_count == 1,
    }  # fmt: skip
    if owed and material.is_fine:
        answer["state"] = Check.CHECKING  # in a moment the office is told, and then it is said
    elif material.is_fine and application.promises.filter(requirement=material.requirement).exists():
        said = {"level": "success", "text": _arrived(application)}
        answer["status_html"] = render_to_string("components/notice.html", said)
    return JsonResponse(answer)


@login_required
def move(request: SignedIn, public_id: UUID, file_id: UUID) -> HttpResponse:
    """Put one of several files into another place. The script needs no page."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    material = application.materials.current().filter(public_id=file_id).first()
    if request.method != "POST" or material is None:
        return redirect(page_of(application))
    key = material.requirement
    script = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    try:
        put_elsewhere(
            material=material, to=request.POST.get("to", ""), may_change=lambda locked: may_change(locked, key)
        )
    except Refused as error:
        if script:
            return JsonResponse({"ok": False, "message": error.messages[0]}, status=409)
        messages.error(request, error.messages[0])
    return JsonResponse({"ok": True}) if script else redirect(page_of(application) + f"#material-{key}")
