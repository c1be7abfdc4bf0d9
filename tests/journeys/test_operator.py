"""An operator's morning: is it well, what was not told, an edition published, the log verified, the portal closed and opened again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import servers
from tests.journeys.steps import environment, manage
from tests.journeys.test_owner import mail_to
from tests.journeys.test_queue import come_in, looks_right

pytestmark = pytest.mark.journey
# The mail server was away over night: a notice of a decision was given up after its last try.
SCENES = """
from types import SimpleNamespace
from django.utils import timezone
from portal import demo
from reviews import workflow
from reviews.models import Attempt, Notice
from tests.cast import filled
from tests.servers import wait_until
people = demo.ensure_cast()
cast = SimpleNamespace(owner=people["owner"], enterprise=demo.enterprise_of(people["owner"], demo.RECORD))
application = workflow.submit(filled(cast).pk, applicant=people["owner"])
told = Notice.objects.filter(application=application, kind="submitted", channel="email")
wait_until(lambda: told.get().state == "sent", "the worker to be done with it")
notice = told.get()
notice.state, notice.attempts, notice.sent_at = Notice.State.DEAD, 12, None
notice.save()
Attempt.objects.create(notice=notice, at=timezone.now(), ok=False, detail="Connection refused", seconds=0.1)
print(application.number)
"""
BEAT = "from reviews.tasks import heartbeat, seal_audit_log; heartbeat.delay(); seal_audit_log.delay()"
"""What the clock (celery beat) asks of the worker every minute; no clock runs beside the journeys' portal."""


@pytest.fixture(scope="module")
def morning(portal):
    """The portal's address, its folder, and the number of the application whose applicant wasn't told."""
    base, mail = portal
    number = manage(mail.parent, "shell", "-c", SCENES).split()[-1]
    for letter in mail.glob("*"):
        letter.unlink()
    return base, mail.parent, number


def doctor(var: Path) -> tuple[int, dict[str, str]]:
    """Its exit status, and what it says of each thing that isn't well."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=servers.ROOT, env=environment(var), capture_output=True, text=True
    )
    bad = re.findall(r"^BAD  (\S.*?)\s{2,}(.*)\n\s+mend: (.*)$", done.stdout, re.M)
    return done.returncode, {name: f"{what}; {mend}" for name, what, mend in bad}


def test_what_was_given_up_is_found_and_told_after_all(morning, chromium):
    base, var, number = morning
    status, bad = doctor(var)
    assert status == 1 and "1 given up" in bad["outbox"], bad

    page = come_in(chromium, f"{base}/admin/reviews/notice/", "ops")
    expect(page.locator("#outbox-state")).to_be_visible()
    looks_right(page, "operator-outbox")
    page.goto(f"{base}/admin/reviews/notice/?state__exact=dead")
    row = page.locator("#result_list tbody tr", has_text=number)
    expect(row).to_have_count(1)
    row.locator("a").first.click()
    expect(page.locator("body")).to_contain_text("Connection refused")
    looks_right(page, "operator-notice")
    page.go_back()
    row.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("try_again")
    page.locator("button[name=index]").first.click()
    expect(page.locator("body")).to_contain_text("已重试 1 条通知")
    expect(page.locator("#result_list tbody tr", has_text=number)).to_have_count(0)
    assert number in mail_to(var / "mail", "owner@demo.invalid", re.escape(number))
    page.context.close()


def test_an_edition_is_published_by_command_and_stands_in_the_list(morning, chromium, tmp_path):
    base, var, _number = morning
    source = (servers.ROOT / "permits" / "services" / "community_report.toml").read_text(encoding="utf-8")
    newer = tmp_path / "community_report.toml"
    newer.write_text(re.sub(r'(?m)^(title = \{ zh = ")', r"\1（新）", source), encoding="utf-8")
    said = manage(var, "publish_service", "--dry-run", str(newer))
    assert "title" in said
    page = come_in(chromium, f"{base}/admin/permits/serviceversion/", "ops")
    editions = page.locator("#result_list tbody tr")
    expect(editions).to_have_count(4)  # one of each service that ships
    assert "v2" in manage(var, "publish_service", str(newer))
    page.reload()
    expect(editions).to_have_count(5)
    looks_right(page, "operator-editions")
    page.goto(f"{base}/services/community-report/")
    expect(page.locator(".page-header h1")).to_have_text("（新）社区自查上报")
    page.context.close()


def test_the_log_is_verified_and_the_auditor_sees_what_was_published(morning, chromium):
    base, var, _number = morning
    assert "The audit log holds." in manage(var, "verify_audit")
    page = come_in(chromium, f"{base}/admin/reviews/event/", "audit")
    expect(page.locator("#result_list")).to_contain_text("发布")
    looks_right(page, "operator-log")
    page.context.close()


def test_the_portal_is_closed_with_a_time_and_opened_again(morning, chromium):
    base, var, _number = morning
    page = come_in(chromium, f"{base}/admin/", "ops")
    looks_right(page, "operator-begins")
    assert "closed for maintenance until" in manage(var, "maintenance", "on", "--until", "23:59")
    answer = page.goto(f"{base}/")
    assert answer is not None and answer.status == 503 and int(answer.headers["retry-after"]) > 0
    expect(page.locator("body")).to_contain_text("23:59")
    looks_right(page, "operator-closed")
    assert "open again" in manage(var, "maintenance", "off")
    answer = page.goto(f"{base}/admin/")
    assert answer is not None and answer.status == 200, "and who was signed in is so still"
    page.context.close()


def test_with_the_clock_at_work_and_next_years_holidays_loaded_the_doctor_finds_nothing(morning, tmp_path):
    _base, var, _number = morning
    manage(var, "shell", "-c", BEAT)
    for year in re.findall(r"(\d{4})-01-01,off", doctor(var)[1].get("calendar", "")):
        holidays = tmp_path / f"holidays-{year}.csv"
        notice = {"01-01": "元旦", "05-01": "劳动节", "10-01": "国庆节"}  # with these three a year's notice is known
        holidays.write_text("".join(f"{year}-{day},off,{name}\n" for day, name in notice.items()), encoding="utf-8")
        manage(var, "load_calendar", str(holidays))
        manage(var, "recompute_due_times")
    servers.wait_until(lambda: not {"worker", "audit tree"} & set(doctor(var)[1]), "the worker's sign of life")
    status, bad = doctor(var)
    assert (status, bad) == (0, {}), bad
