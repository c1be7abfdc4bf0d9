"""Short addresses of a file for the viewer's frame: signed, for one person and one file, and good for minutes."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from permits.models import Material, User

SALT = "permits.file"


def view_url(material: Material, user: User) -> str:
    """Where the viewer fetches the file as it was stored. Who saves a copy does so at ``material.url``, and gets it with their name on."""
    token = signing.dumps([user.pk, str(material.public_id)], salt=SALT)
    return reverse("material_view", args=[material.application.public_id, material.public_id, token])


def is_good(token: str, material_id: object, user: User) -> bool:
    try:
        said = signing.loads(token, salt=SALT, max_age=settings.FILE_LINK_SECONDS)
    except signing.BadSignature:
        return False
    return bool(said == [user.pk, str(material_id)])
