"""All files of an application as one ZIP: as handed in for the applicant's side, an official's own copies for an official."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from permits.intake import bundle, reading, serving, stamping
from permits.models import Application, Material
from portal.requests import SignedIn
from reviews.audit import reads
from reviews.models import Task
from reviews.notices import alerts


@login_required
def materials_zip(request: SignedIn, public_id: UUID) -> HttpResponseBase:
    mine = Application.objects.visible_to(request.user).filter(public_id=public_id).exists()
    tasks = Task.objects.visible_to(request.user).filter(application__public_id=public_id)
    task = None if mine else tasks.select_related("department").order_by("-pk").first()
    if not mine and task is None:
        raise Http404
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    related = Application.objects.select_related("version__service")
    application = get_object_or_404(related, public_id=public_id)
    if task is not None:
        reads.note(request.user, application, "bundle", role="official")
    found, asked = bundle.entries(application), _asked(request, task)
    pieces = iter(()) if request.method == "HEAD" else bundle.stream(application, found, asked)
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    name = _("materials-%(number)s.zip") % {"number": application.number or application.version.service.slug}
    response["Content-Disposition"] = serving.disposition(name, inline=False)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _asked(request: SignedIn, task: Task | None) -> bundle.Asked:
    user, now, language = request.user, timezone.now(), translation.get_language() or "zh-hans"
    if task is None:
        return bundle.Asked(str(user), now, language, on_damage=alerts.damaged_file)
    office = str(task.department)
    lines = stamping.lines_for(user, office, now)

    def copy(material: Material) -> tuple[File, str]:
        name = stamping.name_for(material, user, now)
        if not stamping.can_carry(material):
            return reading.opened(material.sha256), name
        try:
            return stamping.stamped(material, lines), name
        except stamping.CannotStamp as error:
            raise bundle.LeftOut(_("no copy with a name on it could be made of it")) from error

    return bundle.Asked(f"{user} · {office}", now, language, copy, alerts.damaged_file)
