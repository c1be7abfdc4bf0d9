"""In a draft: a material is handed in later (容缺), or a pledge is given in its place (告知承诺), or neither after all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.models import Application, Promise
from portal.requests import SignedIn
from reviews import workflow


@login_required
def promise(request: SignedIn, public_id: UUID, key: str) -> HttpResponse:
    """POST ``kind``: a ``Promise.Kind``, or nothing to take it back. A pledge needs ``agree``."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    requirement = application.definition.requirement(key)
    if requirement is None:
        raise Http404
    back = redirect(place_of(application, key))
    if request.method != "POST":  # back from the log-in
        return back
    kind = request.POST.get("kind", "")
    if kind == Promise.Kind.PLEDGE and "agree" not in request.POST:
        messages.error(request, _("Read the pledge and tick that you agree to it; nothing was pledged yet."))
        return back
    try:
        if kind:
            workflow.promise_material(application.pk, applicant=request.user, requirement=key, kind=kind)
        else:
            workflow.drop_promise(application.pk, applicant=request.user, requirement=key)
    except workflow.NotSensible as error:
        messages.error(request, str(error))
        return back
    messages.success(request, _said(kind) % {"title": requirement.title})
    return back


def _said(kind: str) -> Any:
    if kind == Promise.Kind.LATER:
        return _("Noted: “%(title)s” will be handed in later.")
    if kind == Promise.Kind.PLEDGE:
        return _("Noted: your pledge stands in the place of “%(title)s”.")
    return _("Taken back: “%(title)s” is to be uploaded now.")


def place_of(application: Application, key: str) -> str:
    """Where the material is asked for: among the questions of a section, or on the page of the materials."""
    for part in application.definition.sections:
        if any(field.material == key for field in part.fields):
            return reverse("fill", args=[application.public_id, part.key]) + f"#material-{key}"
    return reverse("materials", args=[application.public_id]) + f"#material-{key}"
