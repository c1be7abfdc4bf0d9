"""Tell the workers, by Celery, that there is something to do. Only ids travel; a lost kick loses nothing."""

from __future__ import annotations

from celery import current_app

AT_ONCE = 10


def deliver(notice_ids: list[int]) -> None:
    """One message for what one step said; a long list in several, so that several workers share it."""
    for some in portions(notice_ids):
        current_app.send_task("reviews.notices.tasks.deliver", args=some)


def portions(notice_ids: list[int]) -> list[list[int]]:
    return [notice_ids[first : first + AT_ONCE] for first in range(0, len(notice_ids), AT_ONCE)]


def print_permit(permit_id: int) -> None:
    current_app.send_task("reviews.tasks.print_permit", args=[permit_id])


def draw_marks() -> None:
    current_app.send_task("reviews.tasks.draw_marks")
