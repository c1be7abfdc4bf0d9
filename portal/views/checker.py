"""Checking permits without a network: the keys, the list of revoked ones, and the page that is installed on a phone.

The page is the same for everybody and holds nothing of anybody, so that it can be kept: no session, no token, no account.
Its worker answers for it alone; everything else of the portal never goes through it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from permits import spoken
from permits.credentials import keyset, status
from permits.models import Service
from portal.throttle import allowed, client

LANGUAGES = {"zh": "zh-hans", "en": "en"}
PER_MINUTE = 120
# What the page is made of, besides itself.
PARTS = (
    "vendor/bootstrap/bootstrap.used.css", "css/portal.css", "css/checker.css", "vendor/bootstrap-icons/sprite.svg",
    "img/mark.svg", "img/checker-192.png", "img/checker-512.png", "vendor/jsqr/jsQR.js", "js/checker/cose.js",
    "js/notice.js", "js/checker/said.js", "js/checker/known.js", "js/checker/camera.js", "js/checker/page.js",
)  # fmt: skip
CSP = {
    "default-src": [NONE], "script-src": [SELF], "style-src": [SELF], "img-src": [SELF, "data:", "blob:"],
    "connect-src": [SELF], "manifest-src": [SELF], "worker-src": [SELF], "base-uri": [NONE], "form-action": [NONE],
    "frame-ancestors": [NONE],
}  # fmt: skip


@require_safe
@cache_control(public=True, max_age=300)
def keys(request: HttpRequest) -> HttpResponse:
    """The keys as a JWK set; beside them what the services' permits are called, which a code has no room for."""
    services = Service.objects.exclude(current=None).select_related("current")
    titles = {service.slug: service.definition.outcome.title for service in services.order_by("slug")[:500]}
    named = {slug: {"zh": title.zh, "en": title.en} for slug, title in titles.items()}
    response = JsonResponse({"keys": keyset.keys(), "services": named})
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
@gzip_page
@cache_control(public=True, max_age=60)
def status_list(request: HttpRequest) -> HttpResponse:
    """The signed list, as ``permits.credentials.status`` makes it."""
    if not allowed("status", client(request), limit=PER_MINUTE):
        response = HttpResponse("too many requests\n", content_type="text/plain", status=429)
        response["Retry-After"] = "60"
        return response
    try:
        made = status.make()
    except ImproperlyConfigured as error:
        return HttpResponse(f"no list: {error}\n", content_type="text/plain; charset=utf-8", status=503)
    response = HttpResponse(made, content_type='application/cose; cose-type="cose-sign1"')
    response["Access-Control-Allow-Origin"] = "*"
    response["ETag"] = f'"{hashlib.sha256(made).hexdigest()[:32]}"'
    return response


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("checker_page", language=spoken.language())


@require_safe
@csp_replace(CSP)  # type: ignore[arg-type]  # its types know no view with arguments
@cache_control(public=True, max_age=0, must_revalidate=True)
def page(request: HttpRequest, language: str) -> HttpResponse:
    return HttpResponse(_page(_known(language)))


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest, language: str) -> HttpResponse:
    """A web app manifest for each language."""
    with translation.override(LANGUAGES[_known(language)]):
        here = reverse("checker_page", args=[language])
        pictures = [
            {"src": static(f"img/checker-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
            for size in (192, 512)
        ]  # fmt: skip
        about = {
            "id": reverse("checker"), "name": _("Permit checker"), "short_name": _("Permit checker"), "lang": language,
            "start_url": here, "scope": reverse("checker"), "display": "standalone", "background_color": "#10303f",
            "theme_color": "#10303f", "icons": pictures,
        }  # fmt: skip
    return JsonResponse(about, content_type="application/manifest+json")


@require_safe
@csp_replace({"default-src": [NONE], "connect-src": [SELF]})
@cache_control(public=True, max_age=0, must_revalidate=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; its scope is its own folder, the checker."""
    pages = {language: reverse("checker_page", args=[language]) for language in LANGUAGES}
    kept = [
        *pages.values(),
        *(reverse("checker_manifest", args=[language]) for language in LANGUAGES),
        *map(static, PARTS),
    ]
    about = {"version": _version(), "kept": kept, "home": reverse("checker"), "pages": pages}
    return render(
        request, "verify/worker.js", {"about": json.dumps(about)}, content_type="text/javascript; charset=utf-8"
    )


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise Http404(language)
    return language


def _page(language: str) -> str:
    """Without the request: nothing of who asks gets into it."""
    with translation.override(LANGUAGES[language]):
        other = next(each for each in LANGUAGES if each != language)
        context = {"words": words(), "language": language, "other": other, "demo": settings.DEMO}
        return render_to_string("verify/offline.html", context)


def _version() -> str:
    """Another one as soon as anything of the page is: then browsers fetch it all anew."""
    digest = hashlib.sha256(_content_of_parts())
    for language in LANGUAGES:
        digest.update(_page(language).encode())
    return digest.hexdigest()[:16]


@cache
def _content_of_parts() -> bytes:
    found = [finders.find(part) for part in PARTS]
    return hashlib.sha256(b"".join(Path(str(path)).read_bytes() for path in found if path)).digest()


def words() -> dict[str, Any]:
    """Everything that ``static/js/checker`` says, in the reader's language."""
    return {
        "valid": _("Genuine and in force"),
        "valid_more": _("By the list of {0}. Compare the holder below with the paper and with who shows it."),
        "unknown": _("Genuine, but whether it is still in force isn't known"),
        "unknown_none": _("This device has no list of revoked permits yet. Connect it to the network once."),
        "unknown_old": _("This device's list of revoked permits could be relied on until {0} only. Connect it to the network."),
        "revoked": _("Revoked: no longer in force"),
        "revoked_more": _("This permit was issued here, but it has been revoked."),
        "superseded": _("Superseded by a renewed permit"),
        "superseded_more": _("Permit {0} has taken its place."),
        "corrected": _("This print is void"),
        "corrected_more": _("A slip in this permit was put right after it was printed. Ask for the corrected print."),
        "expired": _("Expired"),
        "expired_more": _("It was genuine, but its validity has ended."),
        "not_yet": _("Not valid yet"),
        "not_yet_more": _("By the clock of this device it is to be issued only later. Check the clock."),
        "no_code": _("This is no code of a permit"),
        "no_code_more": _("It begins neither with PP1: nor is it the address of a permit with its code. Older permits have none: enter their number on the portal."),
        "malformed": _("This code is damaged or made up"),
        "malformed_more": _("Nobody signed it. Scan it again; if it stays so, do not rely on the permit."),
        "unknown_key": _("Not issued here, as far as this device knows"),
        "unknown_key_more": _("It is signed with a key that this device doesn't know. If the device was without a network for long, connect it, then check again."),
        "forged": _("Forged"),
        "forged_more": _("Its signature does not fit what it says. Do not rely on this permit."),
        "another_number": _("Number and code do not belong together"),
        "another_number_more": _("The address in the QR code names another permit than the signed code behind it. Do not rely on it."),
        "unable": _("This browser can't check signatures"),
        "unable_more": _("It lacks Ed25519 (Chrome and Edge have it from version 137, Firefox from 129, Safari from 17), or the page wasn't opened over https. Use another browser, or enter the permit's number on the portal."),
        "no_keys": _("This device has no keys yet"),
        "no_keys_more": _("Connect it to the network once. After that it checks without one."),
        "holder": _("Holder"), "cut": _("the name on the permit is longer"), "uscc": _("Unified social credit code"),
        "number": _("Number"), "service": _("Service"), "issued": _("Issued"), "until": _("Valid until"),
        "until_revoked": _("Until revoked"), "key": _("Signed with key"),
        "list_none": _("No list of revoked permits on this device yet. It comes with the first connection."),
        "list_fresh": _("List of revoked permits as of {0} ({1}); it may be relied on until {2}."),
        "list_old": _("The list of revoked permits is of {0} ({1}). It could be relied on until {2} only: what was revoked since isn't known."),
        "list_refused": _("The list that came is not signed by this portal: the one of before is used."),
        "refreshing": _("Fetching keys and list …"), "offline": _("No network: keys and list of before are used."),
        "not_kept": _("This browser keeps nothing (private window?): without a network it will know no keys."),
        "no_camera": _("The camera can't be used: {0}. Choose a picture, or paste the text."),
        "looking": _("Hold the QR code into the picture."), "no_qr": _("No QR code was found in this picture. Take it from nearer, sharp and whole."),
        "no_picture": _("This file is no picture that the browser can show."),
        "paper_genuine": _("The code on this paper is genuine"),
        "paper_genuine_more": _("By it the holder is {0}. If another name stands on the paper, the paper is not theirs."),
        "paper_corrected_more": _("By it the holder is {0}. But this print is from before the correction: it is void."),
        "paper_bad": _("Do not rely on this paper"),
        "paper_unchecked": _("The code on this paper could not be checked here"),
    }  # fmt: skip
