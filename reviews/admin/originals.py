"""A file as it was handed in, for evidence: which one, and what for; the answer to the form is the file."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.intake import reading, serving
from permits.intake.serving import Served
from permits.intake.storage import StorageUnavailable
from permits.models import Application, Check, Material
from reviews import policy, workflow
from reviews.admin.access import who
from reviews.notices import alerts


def page(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponseBase:
    application = get_object_or_404(Application.objects.select_related("version"), pk=pk, number__isnull=False)
    if not workflow.may_take_originals(who(request), application, timezone.now()):
        raise Http404
    files = application.materials.filter(check_state=Check.FINE, erased_at=None).order_by("requirement", "pk")
    error, chosen, reason = "", request.POST.get("file", ""), request.POST.get("reason", "")
    if request.method == "POST":
        material = next((each for each in files if str(each.public_id) == chosen), None)
        try:
            if material is None:
                raise workflow.NotSensible(_("Choose a file."))
            return _taken(request, material, reason)
        except (policy.Refused, workflow.ReasonNeeded, workflow.NotSensible) as refusal:
            error = str(refusal)
        except (reading.Damaged, StorageUnavailable) as away:
            error = _away(away)
    return _form(model_admin, request, application, files, error=error, chosen=chosen, reason=reason)


def _taken(request: HttpRequest, material: Material, reason: str) -> HttpResponseBase:
    """Opened first, then put on record, then handed out: nothing is on record that did not happen, nor the other way round."""
    if not reason.strip():
        raise workflow.ReasonNeeded(_("Say what the original is needed for."))
    blob = reading.opened(material.sha256)
    try:
        workflow.take_original(material.pk, by=who(request), reason=reason)
    except BaseException:
        blob.close()
        raise
    file = Served(material.sha256, material.size, material.media_type, material.original_name)
    return serving.dressed(FileResponse(blob), file)


def _form(
    model_admin: Any, request: HttpRequest, application: Application, files: Any, *, error: str, chosen: str, reason: str
) -> HttpResponse:  # fmt: skip
    titles = {each.key: str(each.title) for each in application.definition.materials}
    context = {
        **model_admin.admin_site.each_context(request), "opts": model_admin.opts, "application": application,
        "title": _("Take out an original of %(number)s") % {"number": application}, "error": error, "chosen": chosen,
        "reason": reason, "files": [(each, titles.get(each.requirement, each.requirement)) for each in files],
    }  # fmt: skip
    return render(request, "admin/reviews/task/originals.html", context, status=422 if error else 200)


def _away(away: Exception) -> str:
    if not isinstance(away, reading.Damaged):
        return _("The storage of files can't be reached just now. Try again in a few minutes.")
    alerts.damaged_file(away)
    return _(
        "This file was damaged in storage, so it is not shown. The operators were told; nothing has to be done by you."
    )
