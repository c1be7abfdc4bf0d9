"""The request of somebody who signed in, as ``login_required`` lets it through."""

from __future__ import annotations

from django.http import HttpRequest

from permits.models import User


class SignedIn(HttpRequest):
    user: User
    LANGUAGE_CODE: str
