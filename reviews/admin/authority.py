"""By which authorisation an agent filed, with its document of authority (授权书), for the reviewers; each look is on record."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from permits.models import Application, Membership
from reviews import authority_documents
from reviews.admin.access import looks, own_tasks


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
    return authority_documents.shown(request, filed, back=reverse("admin:reviews_task_review", args=[pk]))
