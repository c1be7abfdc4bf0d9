"""Files whose time is over: their bytes go; what they were, who sent them and when stays on record."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from permits.intake.materials import discard
from permits.models import MaterialPart
from reviews import retention, told
from reviews.workflow.step import on_application


def erase_files(application_id: int, *, now: datetime | None = None) -> int:
    """Erase the files of an application, if their time is over. Return how many; a second call finds none.

    The rows are marked and the event is written in one transaction; the blobs go after it, each unless another row needs
    it. Killed in between, ``check_storage`` finds them as orphans.
    """
    with on_application(application_id, doing="erase_files", now=now) as step:
        application = step.application
        due = retention.over(application, step.now)
        if due is None:
            return 0
        files = list(retention.kept_files(application))
        parts = MaterialPart.objects.filter(material__in=files)
        digests = {file.sha256 for file in files} | set(parts.values_list("sha256", flat=True))
        parts.delete()
        gone = {"erased_at": step.now} | ({"replaced_at": step.now} if application.is_draft else {})
        application.materials.filter(pk__in=[file.pk for file in files]).update(**gone)
        event = step.record("files_erased", data={"count": len(files), "rule": due.group, "days": due.days})
        if application.is_draft:  # they may want to go on with it; whose application ended reads it in its story
            step.tell(told.applicant(event, "draft_erased", files=len(files), days=due.days))
        transaction.on_commit(lambda: _throw_away(digests), robust=True)
        return len(files)


def announce_erasure(application_id: int, *, now: datetime | None = None) -> bool:
    """Tell the applicant of a draft when its files go, and what keeps them. Once, until the draft is gone on with."""
    with on_application(application_id, doing="announce_erasure", now=now) as step:
        found = retention.to_announce(step.application, step.now)
        if found is None:
            return False
        plan, files = found
        event = step.record(
            "erasure_announced",
            data={"count": files, "since": plan.since.isoformat(), "erase_at": plan.erase_at.isoformat()},
        )
        step.tell(told.applicant(event, "draft_to_be_erased", files=files, erase_at=plan.erase_at.isoformat()))
        return True


def _throw_away(digests: set[str]) -> None:
    for sha256 in sorted(digests):
        discard(sha256)
