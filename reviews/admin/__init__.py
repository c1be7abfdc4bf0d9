from reviews.admin.applications import ApplicationAdmin, PermitAdmin, RatingAdmin
from reviews.admin.ops import CalendarDayAdmin, DepartmentAdmin, EventAdmin, NoticeAdmin, OfficialAdmin
from reviews.admin.queue import TaskAdmin

__all__ = [
    "ApplicationAdmin",
    "CalendarDayAdmin",
    "DepartmentAdmin",
    "EventAdmin",
    "NoticeAdmin",
    "OfficialAdmin",
    "PermitAdmin",
    "RatingAdmin",
    "TaskAdmin",
]
