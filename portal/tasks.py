"""What a worker does for the site itself, and for no application."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings


@shared_task(ignore_result=True)
def clear_sessions() -> None:
    """Sessions that have ended, and what somebody typed and never signed in again to send."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
