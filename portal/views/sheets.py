"""A sheet answers a repeating group: the template to download, the upload, and the sheet back with its faults marked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from permits.definition import FormField
from permits.forms import values_of
from permits.intake import group_sheet
from permits.intake.inspect import MEDIA_TYPES, refuse_size
from permits.intake.upload import uploads
from permits.models import Application
from portal.requests import SignedIn

MAX_BYTES = 20 * 1024 * 1024


def _group(request: SignedIn, public_id: UUID, section: str, key: str) -> tuple[Application, FormField]:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    part = application.definition.section(section)
    group = next((field for field in part.fields if field.key == key and field.importable), None) if part else None
    if group is None:
        raise Http404
    return application, group


@login_required
def template(request: SignedIn, public_id: UUID, section: str, key: str) -> HttpResponse:
    _application, group = _group(request, public_id, section, key)
    return _workbook(group_sheet.template(group), f"{group.label}.xlsx")


@login_required
def take(request: SignedIn, public_id: UUID, section: str, key: str) -> HttpResponse:
    """Take the rows in, all of them or none; with ``mark`` give the sheet back with its faults marked."""
    application, group = _group(request, public_id, section, key)
    page = reverse("fill", args=[public_id, section]) + f"#id_{key}"
    if request.method != "POST":
        return redirect(page)
    if not application.is_draft:
        messages.info(request, _("This application was sent already; it can't be changed here."))
        return redirect(application)
    files = uploads(request)
    if not files:
        messages.error(request, _("No file arrived. Choose a file and try again."))
        return redirect(page)
    try:
        refuse_size(files[0].size or 0, MAX_BYTES)
        read = group_sheet.read(files[0], group, values_of(application.definition, application.answers))
        if read.faults and "mark" in request.POST:
            return _workbook(group_sheet.marked(files[0], group, read.faults), f"{group.label}-{_('faults')}.xlsx")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(page)
    if read.faults:
        context = {
            "application": application, "group": group, "faults": read.faults, "section": "applications",
            "more": read.total_faults - len(read.faults), "total": read.total_faults, "page": page,
            "action": reverse("sheet_take", args=[public_id, section, key]),
        }  # fmt: skip
        return render(request, "filing/sheet_faults.html", context, status=422)
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
        if not locked.is_draft:
            messages.info(request, _("This application was sent already; it can't be changed here."))
            return redirect(locked)
        locked.answers = {**locked.answers, key: read.rows}
        locked.save(update_fields=["answers", "updated_at"])
    messages.success(request, _("%(count)d rows were read from the sheet.") % {"count": len(read.rows)})
    return redirect(page)


def _workbook(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, MEDIA_TYPES["xlsx"])
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response
