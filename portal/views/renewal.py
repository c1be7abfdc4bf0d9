"""续期: from a permit to the draft that is to renew it, filled in with what the last one said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Application, Permit, Service
from permits.models.application import CLOSED_UNRENEWED
from portal.requests import SignedIn
from reviews import workflow


@login_required
def renew(request: SignedIn, public_id: UUID) -> HttpResponse:
    application = get_object_or_404(Application.objects.visible_to(request.user), public_id=public_id)
    permit = Permit.objects.filter(application=application).first()
    if request.method != "POST" or permit is None:  # back from the log-in; or there is nothing to renew
        return redirect(application)
    try:
        draft = workflow.start_renewal(permit.pk, applicant=request.user)
    except workflow.NotSensible as error:
        messages.error(request, str(error))
        return redirect(application)
    if not draft.is_draft:
        messages.info(request, _("The renewal was sent already; this is where it stands."))
        return redirect(draft)
    messages.success(request, _("The form is filled in with what you said last time. Please check every section."))
    return redirect("fill", public_id=draft.public_id, section=draft.definition.sections[0].key)


def renewal(permit: Permit) -> dict[str, Any] | None:
    """What the page of a permit says about renewing it: what was begun, or from when on it can be."""
    if begun := permit.renewals.exclude(status__in=CLOSED_UNRENEWED).order_by("pk").last():
        return {"begun": begun}
    service = Service.objects.select_related("current").get(pk=permit.application.version.service_id)
    opens = workflow.renewable_from(permit, service)
    return {"opens": opens, "now": timezone.localdate() >= opens} if opens else None
