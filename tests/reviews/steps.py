"""The steps of a review, for tests: how far an application has come, and editions of the model case that ask for more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from permits.models import Application, ServiceVersion, User
from reviews import workflow
from reviews.models import Decision
from reviews.publishing import publish
from tests.cast import Cast, filled, task_of

TUESDAY = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
SOURCE = Path(settings.BASE_DIR) / "permits" / "services" / "resumption.toml"
# What can be added to a material: that a pledge may stand in its place.
PLEDGE = (
    'pledge = { text = { zh = "我承诺预案真实有效", en = "I pledge that the plan is real" }, '
    'department = "health", within = "3d" }'
)


def edition(**added: str) -> ServiceVersion:
    """An edition of the model case with lines added: ``countersign='agreement = "all"'``, ``limits='claim = "2h"'``.

    A name is a stage, a material, or one of the tables ``limits`` and ``outcome``; ``top`` adds to the definition.
    """
    text = SOURCE.read_text(encoding="utf-8")
    for where, lines in added.items():
        if where == "top":
            text = f"{lines}\n{text}"
            continue
        found = f"[{where}]\n" if where in ("limits", "outcome") else f'key = "{where}"\n'
        assert text.count(found) >= 1, where
        at = text.rindex(found) + len(found)
        text = text[:at] + lines + "\n" + _without(text[at:], lines)
    return publish(text, name="resumption.toml").version


def _without(rest: str, lines: str) -> str:
    """What follows, without what its own table says under the same names."""
    names = {line.partition("=")[0].strip() for line in lines.splitlines()}
    table, bracket, tail = rest.partition("\n[")
    kept = [line for line in table.splitlines() if line.partition("=")[0].strip() not in names]
    return "\n".join(kept) + bracket + tail


def say(application: Application, office: str, official: User, outcome: str, **more: Any) -> Decision:
    """An official decides the open task of their department."""
    more.setdefault("now", TUESDAY)
    return workflow.decide(task_of(application, office).pk, official=official, outcome=outcome, **more)


def submitted(cast: Cast, **changes: Any) -> Application:
    return workflow.submit(filled(cast, **changes).pk, applicant=cast.owner, now=TUESDAY)


def accepted(cast: Cast, **changes: Any) -> Application:
    application = submitted(cast, **changes)
    say(application, "street", cast.street, "accept")
    application.refresh_from_db()
    return application


def countersigned(cast: Cast, industry_says: str = "agree") -> Application:
    application = accepted(cast)
    say(application, "health", cast.health, "agree")
    say(
        application,
        "industry",
        cast.industry,
        industry_says,
        reason="车间通风不足" if industry_says == "disagree" else "",
    )
    application.refresh_from_db()
    return application


def approved(cast: Cast) -> Application:
    application = countersigned(cast)
    say(application, "bureau", cast.decider, "approve")
    application.refresh_from_db()
    return application


def rejected(cast: Cast) -> Application:
    application = countersigned(cast)
    say(application, "bureau", cast.decider, "reject", reason="通风条件不达标")
    application.refresh_from_db()
    return application


def actions(application: Application) -> list[str]:
    """What the log says happened, in order."""
    return list(application.events.order_by("seq").values_list("action", flat=True))
