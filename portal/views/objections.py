"""异议: the applicant says, within its time, why a refusal should be looked at again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Application
from portal import stash
from portal.forms import ObjectionForm
from portal.requests import SignedIn
from reviews import lifecycle, workflow


@stash.signed_in
def object_to(request: SignedIn, public_id: UUID) -> HttpResponse:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version", "enterprise"), public_id=public_id
    )
    if application.is_draft:
        return redirect(application)
    typed = stash.typed(request)
    if typed is None:
        return _show(request, application, ObjectionForm())
    form = ObjectionForm(typed)
    if request.method == "GET":  # typed before a log-in: kept, and sent when it is sent
        return _show(request, application, ObjectionForm(initial={"text": typed.get("text", "")}))
    if not form.is_valid():
        return _show(request, application, form, status=422)
    try:
        workflow.object_to(application.pk, applicant=request.user, text=form.cleaned_data["text"])
    except workflow.ReasonNeeded as error:
        form.add_error("text", str(error))
        return _show(request, application, form, status=422)
    except (workflow.NotSensible, lifecycle.NotPossible) as error:
        form.add_error(None, str(error))
        return _show(request, application, form, status=409)
    messages.success(request, _("Your objection was filed. Somebody who had no part in the decision looks at it."))
    return redirect(application)


def _show(request: SignedIn, application: Application, form: ObjectionForm, status: int = 200) -> HttpResponse:
    until = workflow.objection_until(application)
    if not form.is_bound and (until is None or until < timezone.now()):
        messages.info(request, _("There is no decision here that can be objected to now."))
        return redirect(application)
    context = {"application": application, "form": form, "until": until, "section": "applications"}
    return render(request, "tracking/objection.html", context, status=status)
