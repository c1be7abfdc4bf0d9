from reviews.models.calendar import CalendarDay
from reviews.models.correction import CorrectionItem, CorrectionNotice
from reviews.models.department import Department, Official
from reviews.models.event import Event, EventNote
from reviews.models.heartbeat import Heartbeat
from reviews.models.notice import Attempt, Notice
from reviews.models.rating import Rating
from reviews.models.saved_filter import SavedFilter
from reviews.models.task import Decision, Task

__all__ = [
    "Attempt",
    "CalendarDay",
    "CorrectionItem",
    "CorrectionNotice",
    "Decision",
    "Department",
    "Event",
    "EventNote",
    "Heartbeat",
    "Notice",
    "Official",
    "Rating",
    "SavedFilter",
    "Task",
]
