"""An application, brought by the offices to where a test begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from permits.models import Application, Service
from reviews import workflow
from reviews.publishing import publish
from tests.cast import Cast, filled, task_of

FOLDER = Path(settings.BASE_DIR) / "permits" / "services"


def shipped(name: str) -> Service:
    """A service that ships beside the model case, published."""
    file = FOLDER / f"{name}.toml"
    return publish(file.read_text(encoding="utf-8"), name=file.name).version.service


def submitted(cast: Cast, **changes: Any) -> Application:
    return workflow.submit(filled(cast, **changes).pk, applicant=cast.owner)


def asked_to_correct(cast: Cast, *items: tuple[str, str, str], application: Application | None = None) -> Application:
    """The street office asks for corrections: each (kind, key, what is to be done)."""
    application = application or submitted(cast)
    decide(cast, application, "street", "correct", corrections=[workflow.Correction(*item) for item in items])
    return application


def in_review(cast: Cast, application: Application | None = None) -> Application:
    application = application or submitted(cast)
    return decide(cast, application, "street", "accept")


def approved(cast: Cast, application: Application | None = None) -> Application:
    application = countersigned(cast, application)
    return decide(cast, application, "bureau", "approve")


def rejected(cast: Cast, reason: str = "隔离场所不符合要求") -> Application:
    return decide(cast, countersigned(cast), "bureau", "reject", reason=reason)


def countersigned(cast: Cast, application: Application | None = None) -> Application:
    application = in_review(cast, application)
    decide(cast, application, "health", "agree")
    return decide(cast, application, "industry", "agree")


def decide(cast: Cast, application: Application, kind: str, outcome: str, **words: Any) -> Application:
    official = {"street": cast.street, "health": cast.health, "industry": cast.industry, "bureau": cast.decider}[kind]
    workflow.decide(task_of(application, kind).pk, official=official, outcome=outcome, **words)
    application.refresh_from_db()
    return application
