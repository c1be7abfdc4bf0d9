"""The record of an application as a file that proves itself, and the public page that checks such files in the browser."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from csp.constants import NONE
from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from permits.models import Application
from portal.requests import SignedIn
from portal.timeline import shows, tells
from reviews.audit import archive, checkpoints, log, receipts
from reviews.models import Official


@login_required
def proof(request: SignedIn, public_id: UUID) -> HttpResponse:
    rows = Application.objects.visible_to(request.user).select_related("version", "enterprise")
    found = get_object_or_404(rows, public_id=public_id)
    if found.is_draft:
        return redirect("check", public_id=public_id)
    try:
        receipt = receipts.make(found, shows=shows, tells=tells)
    except archive.NotArchived:
        messages.error(request, archive.OUT_OF_REACH)
        return redirect(found)
    if receipt is None:
        messages.info(request, _("The record is sealed within seconds. Try again in a moment."))
        return redirect(found)
    return receipts.as_file(receipt)


@require_safe
@csp_update({"connect-src": [NONE]})  # what is dropped here can't go anywhere
def check(request: HttpRequest) -> HttpResponse:
    context = {"words": _words(), "keys": checkpoints.verifier_keys(), "format": receipts.FORMAT}
    return render(request, "verify/record.html", context)


def _words() -> dict[str, Any]:
    """Everything that ``static/js/receipt.js`` says, in the reader's language; the codes are those of ``verify_receipt.py``."""
    return {
        "actions": {action: str(label) for action, label in log.ACTIONS.items()},
        "roles": {"applicant": _("Applicant"), "system": _("System"), "official": _("Official")}
        | {value: str(label) for value, label in Official.Role.choices},
        "not_json": _("This is no receipt: {0}."),
        "too_large": _("This file is too large to be a receipt."),
        "format": _("This is no receipt of a form that this page knows."),
        "note": _("Its checkpoint is no signed checkpoint of a log."),
        "origin": _("It says that it is of the log {0}, its checkpoint that it is of {1}."),
        "key": _("The key in it is no key of the log {0}."),
        "signature": _("The signature of its checkpoint is not by its key, or not over this text."),
        "not_in_log": _("Event {0} is not in the log that the checkpoint signs: it was changed, or never there."),
        "no_event": _("Event {0} is no event of an application."),
        "stream": _("Event {0} belongs to another application."),
        "seq": _("Event {1} stands in the place of event {0}: one is missing, was added or was moved."),
        "prev": _("Event {0} does not follow the event before it."),
        "order": _("Event {0} stands in the log before the event that it follows."),
        "reason": _("The words that go with event {0} are not those that were recorded."),
        "number": _("No event in it gives the application the number {0}."),
        "not_your_key": _("It is signed with key {0}, which is not the one that you entered."),
        "no_key": _("What you entered is no key. It looks like name+1a2b3c4d+A…"),
        "broken": _("This receipt proves nothing"),
        "proved": _("Proved"),
        "unproved": _("It fits, but whose it is isn't proved"),
        "unsigned": _("It fits, but its signature wasn't checked"),
        "what": _("{0} events of application {1}, in this order and without a gap, are in the log {2} of {3} entries."),
        "at": _("The log was signed at {0}. What was recorded later is not in it."),
        "by_key": _("Signed with key {0}, which you entered."),
        "by_portal": _("Signed with key {0}, which is a key of this portal."),
        "by_itself": _(
            "Signed with key {0}. This portal does not know it: only the receipt itself vouches for it, and whoever makes up "
            "a receipt makes up its key too. Enter the key that you got from somebody else."
        ),
        "no_ed25519": _(
            "This browser can't check Ed25519 signatures. Everything else was checked. Use a newer browser, or the program below."
        ),
        "no_crypto": _(
            "This browser lends pages its cryptography only over https, so nothing was checked. Use the program below."
        ),
        "withheld": _("Not shown: this step is in the log, its contents are not in this file"),
    }  # fmt: skip
