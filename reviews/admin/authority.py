"""By which authorisation an agent filed, with its document of authority (授权书), for the reviewers; each look is on record."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from permits.intake import serving
from permits.intake.reading import Damaged
from permits.intake.serving import Served
from permits.intake.storage import StorageUnavailable
from permits.models import Application, Membership
from reviews.admin.access import looks, own_tasks
from reviews.notices import alerts


def of(application: Application) -> Membership | None:
    """The authorisation of whoever filed it, as it stands now; nothing where an owner filed, or a person for themselves."""
    if application.enterprise_id is None:
        return None
    agents = Membership.objects.filter(role=Membership.Role.AGENT).select_related("user")
    filed = agents.filter(enterprise=application.enterprise_id, user=application.applicant_id)
    return filed.prefetch_related("services__current").first()


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The document, shown by the browser: put on record first, or it isn't shown."""
    task = get_object_or_404(own_tasks(request), pk=pk)
    filed = of(task.application)
    if filed is None or not filed.document_sha256:
        raise Http404
    looks(request, task.application, "authority", office=task.department)
    file = Served(filed.document_sha256, filed.document_size, filed.document_type, filed.document_name, inline=True)
    try:
        return serving.respond(request, file, on_damage=alerts.damaged_file)
    except Damaged as damaged:
        alerts.damaged_file(damaged)
    except StorageUnavailable:
        pass
    messages.error(request, _("The file can't be shown just now. Try again in a few minutes."))
    return redirect("admin:reviews_task_review", pk)
