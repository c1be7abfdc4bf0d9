from reviews.admin.applications import ApplicationAdmin, PermitAdmin, RatingAdmin
from reviews.admin.drafts import EditionDraftAdmin
from reviews.admin.ops import CalendarDayAdmin, DepartmentAdmin, EventAdmin, NoticeAdmin, OfficialAdmin
from reviews.admin.queue import TaskAdmin
from reviews.admin.services import ServiceAdmin, ServiceVersionAdmin

__all__ = [
    "ApplicationAdmin",
    "CalendarDayAdmin",
    "DepartmentAdmin",
    "EditionDraftAdmin",
    "EventAdmin",
    "NoticeAdmin",
    "OfficialAdmin",
    "PermitAdmin",
    "RatingAdmin",
    "ServiceAdmin",
    "ServiceVersionAdmin",
    "TaskAdmin",
]
