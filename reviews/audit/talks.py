"""The events of a thread with the office: in a stream beside the application's; and whether its messages are what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from permits.models import Application
from reviews.audit import log
from reviews.models import Event, Message, Thread

PREFIX = "thread:"
AT_ONCE = 200


def stream_of(application: Application) -> str:
    """Beside the application's own, for a draft with its thread may be thrown away, and its events stay."""
    return f"{PREFIX}application:{application.public_id}"


def faults() -> Iterator[str]:
    """In words: messages whose words aren't those of their event, that no event tells of, or that are gone. In bounded memory."""
    rows = Thread.objects.select_related("application").only("application__public_id", "application__number")
    last = 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = some[-1].pk
        said: dict[str, dict[str, str | None]] = defaultdict(dict)
        sent = Event.objects.filter(stream__in=[stream_of(each.application) for each in some], action="message_sent")
        for event in sent:
            data = log.data_of(event)
            said[event.stream][data["message"]] = data.get("words")
        there: dict[int, list[Message]] = defaultdict(list)
        for message in Message.objects.filter(thread__in=some):
            there[message.thread_id].append(message)
        for thread in some:
            yield from _of_thread(thread, there[thread.pk], said[stream_of(thread.application)])


def _of_thread(thread: Thread, messages: list[Message], said: dict[str, str | None]) -> Iterator[str]:
    name = f"application {thread.application.number or thread.application.public_id}"
    for message in messages:
        key = str(message.public_id)
        if key not in said:
            yield f"{name}: no event tells of the message of {message.at:%Y-%m-%d %H:%M:%S} UTC"
            continue
        words = said.pop(key)
        if message.text and words != log.digest(message.salt, message.text):
            yield f"{name}: the message of {message.at:%Y-%m-%d %H:%M:%S} UTC has other words than its event"
    if said:
        yield f"{name}: messages that events tell of are gone: {len(said)}"
