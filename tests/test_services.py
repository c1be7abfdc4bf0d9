"""A real Redis, a real Celery worker process: an approval's mail arrives, and its permit is printed."""

from __future__ import annotations

import email
import email.policy
import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from permits.models import Permit
from portal.celery import app
from reviews import workflow
from reviews.models import Notice
from reviews.notices import tasks
from tests import servers
from tests.cast import filled, task_of

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(tmp_path):
    """A worker on this test's database and on Redis; this process kicks it."""
    url = os.environ.get("TEST_REDIS_URL")
    assert url, "these tests need Redis: run them with `python -m tests.run`, which starts one"
    # Each process of the tests has a Redis database of its own: another's worker would take what is this one's.
    url = url.rstrip("0") + os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    environment = {
        "DATABASE_URL": servers.database_url(connection.settings_dict),
        "REDIS_URL": url,
        "CELERY_BROKER_URL": url,
        "VAR_DIR": str(settings.VAR_DIR),
    }
    environment["EMAIL_URL"] = ""
    log = tmp_path / "worker.log"
    with (
        servers.broker(url),
        servers.process(["celery", "-A", "portal", "worker", "--pool", "solo", "-l", "INFO"], environment, log),
    ):
        with app.connection_for_write() as link:
            link.default_channel.queue_purge("celery")
        servers.wait_until(lambda: b" ready." in log.read_bytes(), f"the worker's start, see {log}")
        yield log


def mails() -> list[str]:
    found = []
    for file in Path(settings.VAR_DIR, "mail").glob("*"):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        found.append(f"{message['To']}\n{message['Subject']}\n{message.get_body(('plain',)).get_content()}")
    return found


def approved(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    for kind, official, outcome in (
        ("street", cast.street, "accept"),
        ("health", cast.health, "agree"),
        ("industry", cast.industry, "agree"),
        ("bureau", cast.decider, "approve"),
    ):
        workflow.decide(task_of(application, kind).pk, official=official, outcome=outcome)
    return application


def test_an_approvals_mail_arrives_and_its_permit_is_printed(cast, worker):
    application = approved(cast)
    owner = cast.owner.email
    servers.wait_until(
        lambda: any(owner in mail and "予以备案" in mail and application.number in mail for mail in mails()),
        f"the approval's mail; the worker says: {worker.read_text()[-2000:]}",
    )
    servers.wait_until(lambda: not Notice.objects.exclude(state="sent").exists(), "every notice to be sent")
    servers.wait_until(lambda: Permit.objects.get().pdf_sha256, "the permit to be printed")


def test_what_a_broken_broker_left_is_found_by_the_sweep(cast, worker):
    with servers.broker("redis://127.0.0.1:1/0"):
        approved(cast)
    assert not Notice.objects.filter(state="sent").exists()
    Notice.objects.update(created_at="2020-02-10T00:00:00Z")
    assert tasks.sweep() == Notice.objects.count()
    servers.wait_until(lambda: not Notice.objects.exclude(state="sent").exists(), "every notice to be sent")


def all_sent() -> bool:
    return not Notice.objects.exclude(state="sent").exists()


@pytest.mark.production
def test_a_worker_keeps_its_connection_and_takes_another_when_the_database_drops_it(cast, worker):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    servers.wait_until(all_sent, "the first notices to be sent")
    before = others()
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    servers.wait_until(all_sent, "the next ones")
    assert before and others() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)", [before])
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree")
    workflow.decide(task_of(application, "industry").pk, official=cast.industry, outcome="agree")
    servers.wait_until(all_sent, f"those after it; the worker says: {worker.read_text()[-2000:]}")
    assert others() and others() != before


def others() -> list[int]:
    """The server's processes that serve somebody else on this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' ORDER BY pid"
        )
        return [pid for (pid,) in cursor.fetchall()]
