"""An agent's document of authority (授权书), as the browser shows it to whoever may see it: who that is, the caller has found out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from permits.intake import serving
from permits.intake.reading import Damaged
from permits.intake.serving import Served
from permits.intake.storage import StorageUnavailable
from permits.models import Membership
from reviews.notices import alerts


def shown(request: HttpRequest, agent: Membership, *, back: str) -> HttpResponseBase:
    """The document; where it can't be read, a word about that on the page at the address ``back``."""
    file = Served(agent.document_sha256, agent.document_size, agent.document_type, agent.document_name, inline=True)
    try:
        return serving.respond(request, file, on_damage=alerts.damaged_file)
    except Damaged as damaged:
        alerts.damaged_file(damaged)
    except StorageUnavailable:
        pass
    messages.error(request, _("The file can't be shown just now. Try again in a few minutes."))
    return redirect(back)
