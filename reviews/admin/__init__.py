from reviews.admin.accounts import OfficialAdmin, RoleGrantAdmin, UserAdmin
from reviews.admin.applications import ApplicationAdmin, PermitAdmin, RatingAdmin
from reviews.admin.drafts import EditionDraftAdmin
from reviews.admin.ops import CalendarDayAdmin, DepartmentAdmin, EnterpriseAdmin, EventAdmin, NoticeAdmin
from reviews.admin.queue import TaskAdmin
from reviews.admin.services import ServiceAdmin, ServiceVersionAdmin

__all__ = [
    "ApplicationAdmin",
    "CalendarDayAdmin",
    "DepartmentAdmin",
    "EditionDraftAdmin",
    "EnterpriseAdmin",
    "EventAdmin",
    "NoticeAdmin",
    "OfficialAdmin",
    "PermitAdmin",
    "RatingAdmin",
    "RoleGrantAdmin",
    "ServiceAdmin",
    "ServiceVersionAdmin",
    "TaskAdmin",
    "UserAdmin",
]
