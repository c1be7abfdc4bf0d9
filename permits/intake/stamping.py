"""A copy of a material with the name of who takes it across every page: what leaves the office says who took it out."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.utils import timezone

from permits.credentials.pdf import MISSING, drawable
from permits.intake import reading
from permits.intake.sandbox import process
from permits.intake.upload import safe_name
from permits.models import Material, User

PROGRAM = Path(__file__).with_name("stamp.py")
FONT = Path(__file__).resolve().parent.parent / "fonts" / "PermitSansSC-Regular.otf"
WAIT = 60.0  # seconds, by the clock on the wall; what it computes is limited to 20
AT_ONCE = threading.BoundedSemaphore(2)  # of one process of the site: each takes a core while it draws


class CannotStamp(Exception):
    """The copy could not be made, within the limits or at all. The original is not handed out in its place."""


def can_carry(material: Material) -> bool:
    """Pictures and PDFs. An office document has no pages to draw on: its copy is named after who took it."""
    return material.is_image or material.is_pdf


def lines_for(user: User, office: str, at: datetime) -> list[str]:
    """Who, for which office, and when; at the end the beginning of the account's public id, which tells namesakes apart."""
    when = timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
    who = " · ".join(part for part in (str(user), office) if part)
    return [_drawn(who), f"{when} · {str(user.public_id)[:8]}"]


def name_for(material: Material, user: User, at: datetime) -> str:
    """The file's name, with who took it and when in front of the ending."""
    stem, dot, ending = material.original_name.rpartition(".")
    when = timezone.localtime(at).strftime("%Y%m%d-%H%M")
    taken = safe_name(f"{user} {when}").rstrip(".")
    return safe_name(f"{(stem or ending)[:80]} ({taken}){dot}{ending if stem else ''}")


def stamped(material: Material, lines: list[str]) -> File:
    """The copy, opened; on no disk any more. Raise ``CannotStamp``, ``Damaged``, ``StorageUnavailable``."""
    with tempfile.TemporaryDirectory(prefix="stamp-", dir=settings.FILE_UPLOAD_TEMP_DIR) as place:
        folder = Path(place)
        source, target = folder / "source", folder / "target"
        with reading.opened(material.sha256) as blob, source.open("wb") as here:
            shutil.copyfileobj(blob, here, 1024 * 1024)
        task: dict[str, Any] = {"source": str(source), "target": str(target), "media_type": material.media_type, "lines": lines,
                "font": str(FONT)}  # fmt: skip
        _run(task, folder)
        return File(target.open("rb"), name=material.original_name)


def _run(task: dict[str, Any], folder: Path) -> None:
    """The program confines itself before it opens the file; here only the clock is watched."""
    try:
        with AT_ONCE:
            code, said = process.run(
                [str(PROGRAM)], folder=folder, seconds=WAIT, environment={"TMPDIR": str(folder)},
                said=json.dumps(task).encode(),
            )  # fmt: skip
    except process.TooLong as error:
        raise CannotStamp(f"stamping took more than {WAIT:.0f} s") from error
    target = Path(task["target"])
    if code != 0 or target.is_symlink() or not target.is_file():
        raise CannotStamp(f"stamping ended with status {code}: {said}"[:300])


def _drawn(text: str) -> str:
    """With a sign in place of each character that the font doesn't draw; the id behind it says who it is all the same."""
    return "".join(sign if sign in drawable() else MISSING for sign in text)
