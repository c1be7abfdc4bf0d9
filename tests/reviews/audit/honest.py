"""For tests of the review: what an application's events say is what the tables say."""

from __future__ import annotations

from permits.models import Application
from reviews.audit import chains, log, replay
from reviews.models import Event


def check_told(application: Application) -> None:
    """The chain holds, each event fits the one before, and the tables say the same in the end."""
    stream = log.stream_of(application)
    story, prev_hash = replay.Story(stream.removeprefix(replay.PREFIX)), ""
    for seq, row in enumerate(chains.rows(Event.objects.filter(stream=stream)), 1):
        fault, body = chains.broken(row, seq, prev_hash)
        assert not fault
        assert not story.hear(row, body)
        prev_hash = row.hash
    if not story.seq:  # a draft that nobody tried anything with
        assert application.is_draft
        return
    assert list(replay.differences([story])) == []
