"""The permit on paper: an A4 page set by typst, tagged, PDF/A-2a and PDF/UA-1, with its fonts in it.

The content reaches the template as JSON in ``sys.inputs`` and is read there as data: nothing an applicant typed is ever
markup. The same content gives the same bytes, before it is signed (``pades``).
"""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

from permits.credentials import passes
from permits.credentials.code import address
from permits.credentials.content import FORMAT, PASS_FORMAT
from permits.credentials.pades import SEAL, SEAL_OF_A_CARD, sign_pdf
from permits.credentials.qr import qr_svg
from permits.intake import storage
from permits.models import Permit, PermitCorrection
from permits.numbers import SHANGHAI

ROOM = Path(__file__).resolve().parent.parent
TEMPLATES = {FORMAT: ROOM / "templates_typst" / "permit.typ", PASS_FORMAT: ROOM / "templates_typst" / "pass.typ"}
MISSING = "〓"  # what Chinese printers set for a character they have no type of


# What stands across a permit that is not good any more: Chinese, English.
STAMPS = {Permit.State.REVOKED: ("已撤销", "REVOKED"), Permit.State.SUPERSEDED: ("已换发", "SUPERSEDED")}


def render_pdf(
    content: dict[str, Any], *, code: str = "", state: str = Permit.State.VALID, person: dict[str, str] | None = None
) -> bytes:
    """The pages, as bytes; of a permit that was revoked or renewed with that across each of them.

    The QR code leads to the public page; with ``code`` it is checked without a network too. A pass needs its ``person``
    (``passes.on_paper``).
    """
    issued_at = datetime.fromisoformat(content["issued_at"])
    photo = person["photo"] if person else ""
    named = content | {"person": {key: person[key] for key in ("name", "id_number")}} if person else content
    printable, missing = _printable(named)
    data = printable | {
        "issued_local": issued_at.astimezone(SHANGHAI).strftime("%Y-%m-%d"),
        "missing": [f"U+{ord(character):04X}" for character in missing],
        "demo": settings.DEMO,
        "stamp": STAMPS.get(Permit.State(state)),
    }
    return typst.compile(
        TEMPLATES[content["format"]],
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={
            "permit": json.dumps(data, ensure_ascii=False),
            "qr": qr_svg(address(content["verify_url"], code)),
            "photo": photo,
        },
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(issued_at.timestamp()),
    )


def signed_pdf(content: dict[str, Any], *, code: str = "", person: dict[str, str] | None = None) -> bytes:
    """The pages with the bureau's signature. Raise ``NotSigned`` when a later try may do."""
    seal = SEAL_OF_A_CARD if content["format"] == PASS_FORMAT else SEAL
    pages = render_pdf(content, code=code, person=person)
    return sign_pdf(pages, office=content["office"], number=content["number"], seal=seal)


def store_pdf(permit: Permit) -> None:
    """Print and sign the permit and keep it, unless that was done. Of two workers at once one's print is kept, and none
    of what the permit said before a correction that came in between. Raise ``NotSigned``: nothing is kept then.
    """
    if permit.pdf_sha256:
        return
    stored = storage.put(io.BytesIO(signed_pdf(permit.content, code=permit.code, person=passes.on_paper(permit))))
    # The signature of the content changes with each correction.
    waiting = Permit.objects.filter(pk=permit.pk, pdf_sha256="", signature=permit.signature)
    if not waiting.update(pdf_sha256=stored.sha256, pdf_size=stored.size):
        _drop(stored.sha256)
    permit.refresh_from_db(fields=["pdf_sha256", "pdf_size"])


def _drop(sha256: str) -> None:
    """A print that another worker's came before; the very same one is theirs too."""
    kept = (
        Permit.objects.filter(pdf_sha256=sha256).exists() or PermitCorrection.objects.filter(pdf_sha256=sha256).exists()
    )
    if not kept:
        storage.delete_blob(sha256)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[ROOM / "fonts"])


@cache
def drawable() -> frozenset[str]:
    lines = (ROOM / "fonts" / "coverage.txt").read_text(encoding="ascii").split()
    ends = ((int(first, 16), int(last, 16)) for first, _, last in (line.partition("-") for line in lines))
    return frozenset(chr(code) for first, last in ends for code in range(first, last + 1))


def _printable(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The content with ``MISSING`` for each character that the fonts don't draw, and those characters."""
    missing: dict[str, None] = {}

    def mended(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: mended(part) for key, part in value.items()}
        if isinstance(value, list):
            return [mended(part) for part in value]
        if not isinstance(value, str):
            return value
        text = "".join(character for character in " ".join(value.split()) if not _is_unseen(character))
        missing.update(dict.fromkeys(set(text) - drawable()))
        return "".join(character if character in drawable() else MISSING for character in text)

    return mended(content), sorted(missing)


def _is_unseen(character: str) -> bool:
    """Controls, joiners and variation selectors, which have no picture of their own."""
    return unicodedata.category(character) in {"Cc", "Cf"} or "VARIATION SELECTOR" in unicodedata.name(character, "")
