"""No page is forgotten: each route of the site is walked in Chromium (tests/journeys/pages.py), or it is said here what else it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, get_resolver, resolve

from tests.journeys import pages

pytestmark = pytest.mark.once
SOME = "0b7c1a52-6f0e-4a53-9d6b-2f2f3c1f8a10"
# What the words in braces become, for a route to be found; all others name an application.
SHAPES = {
    "reset": "/accounts/password/reset/key/1-x/", "confirm": "/accounts/confirm-email/x/", "unsubscribe": "/unsubscribe/x/",
    "notice": "/inbox/1/", "enterprise": f"/enterprises/{SOME}/", "member": f"/enterprises/{SOME}/members/{SOME}/",
    "invitation": f"/enterprises/invitations/{SOME}/", "access": f"/enterprises/access/{SOME}/", "gate": f"/gate/{SOME}/",
    "permit": "/verify/X/", "revoked_permit": "/verify/X/", "corrected_permit": "/verify/X/", "expired_permit": "/verify/X/",
}  # fmt: skip
DATA = {
    "audit_checkpoint", "audit_keys", "healthz", "readyz", "metrics", "verify_keys", "verify_status", "register_csv", "robots",
    "sitemap", "api_permits", "api_permit", "api_services", "api_service", "api_openapi", "api_nowhere", "board_figures",
    "suggest", "notice_report", "record_proof", "checker_worker", "checker_manifest", "own_data",
}  # fmt: skip
FILES = {
    "edition_file", "sheet_template", "material_file", "material_view", "material_part", "materials_zip", "permit_pdf",
    "gate_photo", "member_document", "mfa_download_recovery_codes",
}  # fmt: skip
# A POST that leads on to a page that is walked, or a link that only leads on.
STEPS = {
    "set_language", "start", "go_on", "material_add", "material_promise", "material_remove", "material_move", "material_state",
    "uploads", "upload", "direct_uploads", "direct_upload", "carry", "discard", "renew", "invitation_withdraw", "gate_late",
    "inbox_read", "notice_short", "checker", "sign_out_elsewhere",
}  # fmt: skip

# Seen by journeys of their own: many at once in test_queue.py, the second factor at the log-in in tests/portal/test_two_steps.py, what frames and files hold
# in test_viewer.py, the draft's own steps in test_editions.py.
ELSEWHERE = {
    "mfa_authenticate", "reviews_task_many", "reviews_task_frame", "reviews_task_content", "reviews_task_text", "reviews_task_find_text",
    "permits_editiondraft_unschedule", "account_confirm_login_code", "account_set_password", "inbox_unread", "materials",
    "enterprise_access", "access_answer", "sheet_take",
}  # fmt: skip
DESK_STEPS = {
    "logout", "login", "password_change", "password_change_done", "jsi18n", "autocomplete", "view_on_site", "app_list", "None",
    "reviews_savedfilter_save", "reviews_savedfilter_remove", "reviews_task_next", "reviews_task_claim", "reviews_task_release",
    "reviews_noticetext_again", "reviews_thread_draft", "search",
}  # fmt: skip
DESK_FILES = {
    "reviews_task_proof", "reviews_task_authority", "reviews_task_board_export", "reviews_event_export", "permits_editiondraft_export", "permits_serviceversion_export",
}  # fmt: skip
# Unfold's own pages, the same for every model: of each one is walked; and what Django has an address for and nobody may open
# (tests/reviews/test_admin_matrix.py says who may).
OF_UNFOLD = re.compile(r"^(permits|reviews)_[a-z]+_(add|change|delete|history)$")


def filled(pattern: str, shapes: dict[str, str], otherwise: str) -> str:
    return urlsplit(re.sub(r"\{(\w+)\}", lambda found: shapes.get(found[1], otherwise), pattern)).path


def walked() -> dict[str, list[str]]:
    """Route to the addresses that are opened of it."""
    found = defaultdict(list)
    portal = [address for _who, addresses in pages.PORTAL.values() for address in addresses]
    desk = [address for addresses in pages.DESK.values() for address in addresses]
    for addresses, shapes, otherwise in ((portal, SHAPES, f"/applications/{SOME}/"), (desk, {}, "1")):
        for address in addresses:
            path = filled(address, shapes, otherwise)
            found[resolve(path).url_name if path != "/nowhere/" else "404"].append(address)
    return found


def routes(patterns: Any = None) -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLPattern):
            yield str(each.name)
        else:
            yield from routes(each.url_patterns)


def test_every_route_is_walked_or_is_no_page() -> None:
    there = {name for name in routes() if not OF_UNFOLD.match(name)}
    left = there - set(walked()) - DATA - FILES - STEPS - ELSEWHERE - DESK_STEPS - DESK_FILES
    assert not left, f"say in tests/journeys/pages.py who opens these, and in which states: {sorted(left)}"


def test_what_is_said_to_be_no_page_is_there_and_is_walked_nowhere() -> None:
    said = DATA | FILES | STEPS | ELSEWHERE | DESK_STEPS | DESK_FILES
    assert not said - set(routes())
    assert not (DATA | FILES) & set(walked())


@pytest.mark.parametrize("kind", ["add", "change", "delete", "history"])
def test_of_unfolds_own_pages_each_kind_is_walked(kind: str) -> None:
    assert [name for name in walked() if re.match(rf"(permits|reviews)_[a-z]+_{kind}$", str(name))]
