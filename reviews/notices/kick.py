"""Tell the workers, by Celery, that there is something to do. Only ids travel; a lost kick loses nothing."""

from __future__ import annotations

from celery import current_app


def deliver(notice_ids: list[int]) -> None:
    for notice_id in notice_ids:
        current_app.send_task("reviews.notices.tasks.deliver", args=[notice_id])


def print_permit(permit_id: int) -> None:
    current_app.send_task("reviews.tasks.print_permit", args=[permit_id])
