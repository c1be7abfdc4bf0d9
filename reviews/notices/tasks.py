"""Celery tasks that deliver: fetch and call, no rule of their own."""

from __future__ import annotations

from celery import shared_task

from reviews.notices import delivery, kick, outbox


@shared_task(ignore_result=True)
def deliver(*notice_ids: int) -> None:
    """Each is claimed by itself. What a worker leaves behind that dies on the way is found by the sweep."""
    delivery.deliver(notice_ids)


@shared_task(ignore_result=True)
def sweep() -> int:
    """Kick what was left behind: by a broker that was down, or by a worker that died."""
    ids = outbox.left_behind()
    kick.deliver(ids)
    return len(ids)
