"""A personal pass: a permit that a person holds, with their photo.

Everything that leaves the portal in clear (the signed content, the code, the public page) has the person's name masked
and no more of them. Who it is stands encrypted beside the content, which has its digest: so the signature holds for both.
The digest is over a random salt too, or it could be found out by trying names and numbers.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import rfc8785
from PIL import Image

from permits.intake import reading
from permits.models import Application, Material, Permit, PermitCorrection

# What is printed: 35 mm × 45 mm, at 300 dots an inch.
PHOTO = (413, 531)
PHOTO_QUALITY = 85


@dataclass(frozen=True)
class Person:
    name: str
    id_last4: str
    photo: Material | None  # none once its file was erased
    consents: bool  # whether it may be logged where the pass is shown


def masked(name: str) -> str:
    """张三 as 张*. A masked name stays as it is."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def taken(application: Application, *, like: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Who is to hold the pass, out of the application; nothing where its outcome is no pass.

    ``like`` is what was taken before: who hasn't changed since is taken with the same digest.
    """
    holder = application.definition.outcome.holder
    if holder is None:
        return None
    photo = application.materials.current().filter(requirement=holder.photo).last()
    return {
        "salt": like["salt"] if like else secrets.token_hex(16),
        "name": " ".join(str(application.answer(holder.name)).split()),
        "id_last4": str(application.answer(holder.id_number))[-4:],
        "material": str(photo.public_id) if photo else "",
        "photo": photo.sha256 if photo else "",
        "consents": application.answer(holder.consent) is True,
    }


def holder(person: dict[str, Any]) -> dict[str, str]:
    """What the signed content says of them."""
    return {"kind": "person", "name": masked(person["name"]), "uscc": "", "address": "", "person": digest(person)}


def digest(person: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(person)).hexdigest()


def person_of(permit: Permit | PermitCorrection) -> Person:
    """Who holds the pass. Raise ``ValueError`` for a permit that is none, or where it isn't who the content names.

    That the content itself is what was signed is ``credentials.check``'s to say.
    """
    person = _bound(permit)
    photo = Material.objects.filter(public_id=person["material"], erased_at=None).first() if person["material"] else None
    if photo and photo.sha256 != person["photo"]:
        photo = None
    return Person(person["name"], person["id_last4"], photo, person["consents"])


def _bound(permit: Permit | PermitCorrection) -> dict[str, Any]:
    person: dict[str, Any] | None = permit.person
    said = permit.content.get("holder", {}).get("person") if isinstance(permit.content, dict) else None
    if not person or not said:
        raise ValueError(f"{permit} is no pass")
    if not secrets.compare_digest(digest(person), said):
        raise ValueError(f"{permit}: the person beside it is not the one it was signed for")
    return person


def on_paper(permit: Permit | PermitCorrection) -> dict[str, str] | None:
    """What the print says of the person: ``name``, ``id_number`` masked, ``photo`` as an SVG, empty where there is none.
    Nothing for a permit that is no pass."""
    if permit.person is None:
        return None
    person = person_of(permit)
    svg = _svg(person.photo) if person.photo else ""
    return {"name": person.name, "id_number": "*" * 14 + person.id_last4, "photo": svg}


def _svg(photo: Material) -> str:
    """The photo in the size of the print. It is one that the portal wrote itself, after inspection."""
    content = BytesIO(b"".join(reading.whole(photo.sha256, photo.size)))
    with Image.open(content, formats=("JPEG", "PNG")) as image:
        image.draft("RGB", (PHOTO[0] * 2, PHOTO[1] * 2))
        picture = image.convert("RGBA") if image.mode in {"P", "LA", "PA", "RGBA"} else image.convert("RGB")
        if picture.mode == "RGBA":
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture).convert("RGB")
    width, height = _filling(picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    left, top = (width - PHOTO[0]) // 2, (height - PHOTO[1]) // 3  # a head is above the middle
    out = BytesIO()
    picture.crop((left, top, left + PHOTO[0], top + PHOTO[1])).save(out, "JPEG", quality=PHOTO_QUALITY)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    w, h = PHOTO
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {w} {h}">'
        f'<image width="{w}" height="{h}" xlink:href="data:image/jpeg;base64,{data}"/></svg>'
    )


def _filling(size: tuple[int, int]) -> tuple[int, int]:
    """The least size of the same shape that covers the photo's place."""
    width, height = size
    factor = max(PHOTO[0] / width, PHOTO[1] / height)
    return max(PHOTO[0], round(width * factor)), max(PHOTO[1], round(height * factor))
