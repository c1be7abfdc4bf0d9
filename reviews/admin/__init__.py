from reviews.admin.accounts import OfficialAdmin, RoleGrantAdmin, UserAdmin
from reviews.admin.applications import ApplicationAdmin, PermitAdmin, RatingAdmin
from reviews.admin.auditlog import EventAdmin
from reviews.admin.drafts import EditionDraftAdmin
from reviews.admin.ops import CalendarDayAdmin, DepartmentAdmin, EnterpriseAdmin
from reviews.admin.outbox import NoticeAdmin
from reviews.admin.queue import TaskAdmin
from reviews.admin.services import ServiceAdmin, ServiceVersionAdmin
from reviews.admin.standing import DelegationAdmin, InterestAdmin
from reviews.admin.thread_pages import SavedAnswerAdmin, ThreadAdmin
from reviews.admin.webhooks import WebhookEndpointAdmin
from reviews.admin.wording import NoticeTextAdmin

__all__ = [
    "ApplicationAdmin",
    "CalendarDayAdmin",
    "DelegationAdmin",
    "DepartmentAdmin",
    "EditionDraftAdmin",
    "EnterpriseAdmin",
    "EventAdmin",
    "InterestAdmin",
    "NoticeAdmin",
    "NoticeTextAdmin",
    "OfficialAdmin",
    "PermitAdmin",
    "RatingAdmin",
    "RoleGrantAdmin",
    "SavedAnswerAdmin",
    "ServiceAdmin",
    "ServiceVersionAdmin",
    "TaskAdmin",
    "ThreadAdmin",
    "UserAdmin",
    "WebhookEndpointAdmin",
]
