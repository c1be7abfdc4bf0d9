from reviews.models.advice import Advice
from reviews.models.calendar import CalendarDay, CalendarEdition
from reviews.models.channel import ChannelState
from reviews.models.correction import CorrectionItem, CorrectionNotice
from reviews.models.delivery_report import DeliveryReport
from reviews.models.department import Delegation, Department, Interest, Official
from reviews.models.event import Event, EventNote
from reviews.models.heartbeat import Heartbeat
from reviews.models.mark import Mark, Place
from reviews.models.notice import Attempt, Notice
from reviews.models.notice_text import NoticeText
from reviews.models.objection import Objection
from reviews.models.pause import Pause
from reviews.models.public_count import PublicCount, PublicCounting, PublicStep
from reviews.models.rating import Rating
from reviews.models.role import RoleGrant
from reviews.models.saved_filter import SavedFilter
from reviews.models.task import Decision, Task
from reviews.models.thread import CallbackRequest, GuidanceConsent, Message, SavedAnswer, Side, Thread
from reviews.models.tree import Archive, ArchivedStream, Checkpoint, Leaf, SealState
from reviews.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Advice",
    "Archive",
    "ArchivedStream",
    "Attempt",
    "CalendarDay",
    "CalendarEdition",
    "CallbackRequest",
    "ChannelState",
    "Checkpoint",
    "CorrectionItem",
    "CorrectionNotice",
    "Decision",
    "Delegation",
    "DeliveryReport",
    "Department",
    "Event",
    "EventNote",
    "GuidanceConsent",
    "Heartbeat",
    "Interest",
    "Leaf",
    "Mark",
    "Message",
    "Notice",
    "NoticeText",
    "Objection",
    "Official",
    "Pause",
    "Place",
    "PublicCount",
    "PublicCounting",
    "PublicStep",
    "Rating",
    "RoleGrant",
    "SavedAnswer",
    "SavedFilter",
    "SealState",
    "Side",
    "Task",
    "Thread",
    "WebhookDelivery",
    "WebhookEndpoint",
]
