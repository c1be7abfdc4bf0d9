"""All files of an application as one ZIP, made while it is sent: each file under what it was asked for as, a list for people, and a
manifest with the digest of each. Whoever has it can check every file; whoever opens it meets no name that a system minds.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from permits.intake import reading
from permits.intake.blobs import CHUNK
from permits.intake.storage import StorageUnavailable
from permits.intake.upload import safe_name
from permits.models import Application, Check, Material

MANIFEST = "manifest.json"
FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
RESERVED = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # what Windows takes for devices


class LeftOut(Exception):
    """A copy that could not be made; the message says why, for the list."""


@dataclass(frozen=True)
class Asked:
    """Who takes it. ``copy`` gives what goes into the ZIP in place of a file (an official's own copy), and under which name."""

    by: str
    at: datetime
    language: str
    copy: Callable[[Material], tuple[File, str]] | None = None
    on_damage: Callable[[reading.Damaged], None] = lambda damaged: None


@dataclass
class Entry:
    material: Material
    title: Any  # of what it was asked for as, in both languages
    version: int
    path: str = ""
    sha256: str = ""  # of what is in the ZIP
    size: int = 0
    left_out: str = ""


@dataclass
class _Pipe(io.RawIOBase):
    """What ``zipfile`` writes, until it is taken away: it can't be sought in, so sizes follow each file."""

    waiting: list[bytes] = field(default_factory=list)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        content = b"".join(self.waiting)
        self.waiting.clear()
        return content


def entries(application: Application) -> list[Entry]:
    """Every file that ever was handed in and not refused, as they are asked for, each with its number among those."""
    order = {each.key: (n, each.title) for n, each in enumerate(application.definition.materials)}
    files = application.materials.exclude(check_state=Check.REFUSED).order_by("uploaded_at", "pk")
    counted: Counter[str] = Counter()
    found = []
    for material in files:
        counted[material.requirement] += 1
        title = order.get(material.requirement, (0, material.requirement))[1]
        found.append(Entry(material, title, counted[material.requirement]))
    found.sort(key=lambda entry: order.get(entry.material.requirement, (len(order), ""))[0])
    return found


def stream(application: Application, found: list[Entry], asked: Asked) -> Iterator[bytes]:
    """The ZIP, piece by piece. What can't be put in is left out, and the list says so."""
    pipe = _Pipe()
    taken: set[str] = set()
    places = {key: n for n, key in enumerate(dict.fromkeys(entry.material.requirement for entry in found), 1)}
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for entry in found:
            with translation.override(asked.language):
                content, name = _content(entry, asked)
                entry.path = _path(entry, name, places[entry.material.requirement], taken) if content else ""
            if content is None:
                continue
            with content:
                yield from _packed(archive, pipe, entry, content)
        with translation.override(asked.language):
            last = {_("list.txt"): _list(application, found, asked).encode("utf-8-sig"),
                    MANIFEST: json.dumps(manifest(application, found, asked), ensure_ascii=False, indent=1).encode()}  # fmt: skip
        for name, data in last.items():
            archive.writestr(_info(name, asked.at, len(data)), data)
            yield pipe.taken()
    yield pipe.taken()


def manifest(application: Application, found: list[Entry], asked: Asked) -> dict[str, Any]:
    return {
        "application": application.number,
        "service": {"slug": application.version.service.slug, "edition": application.version.edition},
        "status": application.status,
        "made_at": asked.at.isoformat(timespec="seconds"),
        "made_for": asked.by,
        "files": [_described(entry) for entry in found],
    }


def _described(entry: Entry) -> dict[str, Any]:
    """``sha256`` is that of the file as it is stored, and in ``in_zip`` that of the copy under ``path``."""
    material = entry.material
    return {
        "path": entry.path or None, "requirement": material.requirement, "version": entry.version,
        "name": material.original_name, "media_type": material.media_type, "size": material.size, "sha256": material.sha256,
        "uploaded_at": material.uploaded_at.isoformat(timespec="seconds"),
        "replaced_at": material.replaced_at.isoformat(timespec="seconds") if material.replaced_at else None,
        "in_zip": {"sha256": entry.sha256, "size": entry.size} if entry.path else None,
        "left_out": entry.left_out or None,
    }  # fmt: skip


def _content(entry: Entry, asked: Asked) -> tuple[File | None, str]:
    """What is put in, opened, and under which name; nothing, and why not, of what can't be."""
    material = entry.material
    if material.erased_at:
        entry.left_out = _("erased: the time for which it is kept is over")
    elif material.check_state != Check.FINE:
        entry.left_out = _("still being checked")
    else:
        try:
            return asked.copy(material) if asked.copy else (reading.opened(material.sha256), material.original_name)
        except reading.Damaged as damaged:
            asked.on_damage(damaged)
            entry.left_out = _("damaged in storage; the operators were told")
        except StorageUnavailable:
            entry.left_out = _("the storage could not be reached")
        except LeftOut as error:
            entry.left_out = str(error)
    return None, ""


def _packed(archive: zipfile.ZipFile, pipe: _Pipe, entry: Entry, content: File) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with archive.open(_info(entry.path, entry.material.uploaded_at, content.size), "w") as inside:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            inside.write(chunk)
            yield pipe.taken()
    entry.sha256, entry.size = digest.hexdigest(), content.size
    yield pipe.taken()


def _info(path: str, at: datetime, size: int) -> zipfile.ZipInfo:
    """``size`` tells ``zipfile`` beforehand whether it needs the format for more than 4 GiB."""
    info = zipfile.ZipInfo(path, timezone.localtime(at).timetuple()[:6])
    info.file_size, info.external_attr = size, 0o600 << 16
    return info


def _path(entry: Entry, name: str, place: int, taken: set[str]) -> str:
    """``01 营业执照/执照.pdf``; a name that is there already gets a number, an earlier version a folder of its own."""
    folder = f"{place:02} {_plain(str(entry.title))[:60].strip(' .')}"
    if entry.material.replaced_at:
        folder += "/" + _plain(_("replaced"))
    stem, dot, ending = _plain(name).rpartition(".")
    path, n = f"{folder}/{stem}{dot}{ending}", 1
    while path.casefold() in taken:
        n += 1
        path = f"{folder}/{stem} ({n}){dot}{ending}"
    taken.add(path.casefold())
    return path


def _plain(name: str) -> str:
    """A name that every system takes."""
    name = FORBIDDEN.sub("_", safe_name(name)).strip(" .") or "_"
    return f"_{name}" if RESERVED.fullmatch(name) else name


def _list(application: Application, found: list[Entry], asked: Asked) -> str:
    """The same for people, in the reader's language."""
    colon = pgettext("between a field's name and its error", ": ")
    lines = [
        _("Files of application %(number)s: %(service)s")
        % {"number": application.number or _("(not sent yet)"), "service": application.definition.title},
        _("Taken out %(time)s for %(who)s") % {"time": _moment(asked.at), "who": asked.by}, "",
    ]  # fmt: skip
    for n, entry in enumerate(found, 1):
        lines.append(f"{n}. {entry.path or entry.material.original_name}")
        lines += [f"   {name}{colon}{said}" for name, said in _facts(entry)]
        lines.append("")
    return "\r\n".join(lines)


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    material = entry.material
    yield _("Material"), f"{entry.title} ({_('no. %(n)d handed in for it') % {'n': entry.version}})"
    yield _("Uploaded"), _moment(material.uploaded_at)
    if material.replaced_at:
        yield _("Replaced"), _moment(material.replaced_at)
    yield _("As stored"), f"{_('%(n)d bytes') % {'n': material.size}}, SHA-256 {material.sha256}"
    if entry.left_out:
        yield _("Not in this ZIP"), entry.left_out
    elif entry.sha256 != material.sha256:
        yield _("In this ZIP, with the name of who took it on it"), f"SHA-256 {entry.sha256}"


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")
