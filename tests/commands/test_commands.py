"""What operators type: each command does what it says, says what is wrong, and does no harm the second time."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from permits import credentials
from permits.models import Application, Permit, ServiceVersion, Status, User
from portal.celery import app
from portal.management.commands import doctor
from reviews import calendars, workflow
from reviews.models import Department, Heartbeat, Notice, Official, Task
from tests.cast import Cast, filled, person, task_of
from tests.servers import broker

pytestmark = pytest.mark.django_db
SOURCE = Path(settings.BASE_DIR) / "permits" / "services" / "resumption.toml"


def run(command: str, /, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


# --- publish_service ---------------------------------------------------------------------------------------


def test_publishing_the_same_file_twice_gives_one_edition(published):
    run("publish_service", str(SOURCE))
    assert ServiceVersion.objects.count() == 1


def test_a_faulty_file_is_named_with_line_and_key_and_nothing_is_published(published, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(SOURCE.read_text(encoding="utf-8").replace('key = "masks"\n', 'key = "masks"\nfoo = 1\n'))
    with pytest.raises(CommandError, match=r"bad\.toml:\d+: .*foo.*not known"):
        run("publish_service", str(file))
    assert ServiceVersion.objects.count() == 1


def test_of_a_good_and_a_faulty_file_neither_is_published(published, tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(SOURCE.read_text(encoding="utf-8") + "\n# edition 2\n")
    bad.write_text("slug = 1")
    with pytest.raises(CommandError):
        run("publish_service", str(good), str(bad))
    assert ServiceVersion.objects.count() == 1


def test_a_file_that_is_not_there_is_one_line(db):
    with pytest.raises(CommandError, match="nowhere.toml"):
        run("publish_service", "nowhere.toml")


# --- create_official ---------------------------------------------------------------------------------------


def test_an_official_is_made_with_a_new_department_and_can_see_its_queue(db):
    said = run(
        "create_official", "Wang@Example.gov.cn", name="王芳", department="health", region="360924",
        department_name=["宜丰县卫生健康委员会", "Yifeng Health Commission"],
    )  # fmt: skip
    user = User.objects.get(email="wang@example.gov.cn")
    password = said.split("password (shown this once): ")[1].split()[0]
    assert user.is_staff and user.check_password(password)
    assert Official.objects.get(user=user).department.name_zh == "宜丰县卫生健康委员会"


def test_making_the_same_official_again_changes_nothing_but_the_role(db):
    names = {"name": "王芳", "department": "health", "region": "360924", "department_name": ["甲", "A"]}
    run("create_official", "w@example.cn", **names)
    run("create_official", "w@example.cn", **names, supervisor=True)
    assert Official.objects.get().role == Official.Role.SUPERVISOR
    assert Department.objects.count() == User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "changes", "said"),
    [
        ("nobody", {}, "not an e-mail"),
        ("w@example.cn", {"region": "999999"}, "not a GB/T 2260"),
        ("w@example.cn", {}, "--department-name"),
    ],
)
def test_what_is_missing_of_an_official_is_told_and_nothing_is_made(db, email, changes, said):
    options = {"name": "王芳", "department": "health", "region": "360924"} | changes
    with pytest.raises(CommandError, match=said):
        run("create_official", email, **options)
    assert not User.objects.exists() and not Department.objects.exists()


# --- demo ---------------------------------------------------------------------------------------------------


@pytest.fixture
def demonstration(settings, tmp_path):
    settings.DEMO = True
    settings.PERMIT_KEY_FILE = tmp_path / "permit.pem"


def test_demo_data_makes_applications_at_every_stage_and_more_the_second_time(published, demonstration):
    run("demo_data", "--applications", "6")
    states = set(Application.objects.values_list("status", flat=True))
    assert {Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW, Status.APPROVED} <= states
    people = User.objects.count()
    run("demo_data", "--applications", "1")
    assert Application.objects.count() == 7 and User.objects.count() == people


def test_demo_data_stays_out_of_a_real_portal(published, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        run("demo_data", "--applications", "1")
    assert not Application.objects.exists()


def test_demo_drives_one_application_to_its_permit_and_prints_its_timeline(published, demonstration):
    said = run("demo")
    permit = Permit.objects.get()
    assert permit.number in said and permit.application.number in said
    assert credentials.check(permit.number).valid
    assert permit.pdf_sha256


# --- time limits, notices, calendar --------------------------------------------------------------------------


def test_an_overdue_task_is_escalated_once(cast: Cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    Task.objects.filter(application=application).update(due_at=timezone.now() - timedelta(hours=1))
    street_boss = person("street-boss", is_staff=True)
    office = task_of(application, "street").department
    Official.objects.create(user=street_boss, department=office, role=Official.Role.SUPERVISOR)
    run("escalate_overdue")
    run("escalate_overdue")
    assert task_of(application, "street").escalated_at
    assert application.events.filter(action="escalated").count() == 1
    assert Notice.objects.filter(recipient=street_boss, channel="inbox").count() == 1


def test_waiting_notices_are_delivered_without_a_worker(cast: Cast, mailoutbox):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=5))  # its kick was lost
    waiting = Notice.objects.exclude(state=Notice.State.SENT).count()
    assert waiting
    assert f"{waiting} delivered, 0 not" in run("deliver_notices")
    assert "0 delivered, 0 not" in run("deliver_notices")
    assert any(mail.to == [cast.owner.email] for mail in mailoutbox)


def test_a_calendar_with_one_bad_line_is_not_loaded_at_all(db, tmp_path):
    file = tmp_path / "2027.csv"
    file.write_text("2027-01-01,off,元旦\n2027-13-01,off,\n", encoding="utf-8")
    with pytest.raises(CommandError, match="line 2: .*nothing was loaded"):
        run("load_calendar", str(file))
    file.write_text("\ufeff# 2027\n2027-01-01,off,元旦\n2027-01-02,working,\n", encoding="utf-8")
    assert "2 days loaded" in run("load_calendar", str(file))


def test_a_calendar_that_cant_be_read_is_one_line(db, tmp_path):
    with pytest.raises(CommandError, match="nowhere.csv can't be read"):
        run("load_calendar", "nowhere.csv")
    file = tmp_path / "2027.csv"
    file.write_bytes("2027-01-01,off,元旦\n".encode("gb18030"))  # as Excel saves it unless it is told otherwise
    with pytest.raises(CommandError, match="is not UTF-8"):
        run("load_calendar", str(file))


# --- permits -------------------------------------------------------------------------------------------------


def test_a_permit_of_nowhere_is_not_found_with_exit_status_1(db, capsys):
    with pytest.raises(SystemExit) as stop:
        run("verify_permit", "360924-FG-2020-000009-M")
    assert stop.value.code == 1


def test_a_key_that_is_there_stays(settings, tmp_path):
    settings.PERMIT_KEY_FILE = tmp_path / "permit.pem"
    assert "Made" in run("make_permit_key")
    kept = settings.PERMIT_KEY_FILE.read_bytes()
    assert "nothing changed" in run("make_permit_key")
    assert settings.PERMIT_KEY_FILE.read_bytes() == kept
    assert settings.PERMIT_KEY_FILE.stat().st_mode & 0o777 == 0o600


# --- doctor --------------------------------------------------------------------------------------------------


@pytest.fixture
def well(published, settings):
    """Everything that doctor looks at is well: a worker was seen just now, next year's holidays are loaded."""
    settings.INSPECTION_SANDBOX = True
    year = timezone.localdate().year + 1
    calendars.load([{"date": date(year, month, 1), "working": False, "note": ""} for month in (1, 5, 10)])
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


def examine() -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as stop:
        return out.getvalue(), int(str(stop.code))
    return out.getvalue(), 0


def bad_lines(said: str) -> list[str]:
    lines = said.splitlines()
    return [f"{line} {lines[n + 1]}" for n, line in enumerate(lines) if line.startswith("BAD")]


def test_a_portal_that_is_well_has_a_line_for_each_check_and_status_0(well):
    said, status = examine()
    assert status == 0, said
    assert len(said.splitlines()) == len(doctor.CHECKS) and "BAD" not in said


def test_a_broker_that_is_down_is_told_with_what_to_do(well):
    with broker("redis://127.0.0.1:1/0"):
        said, status = examine()
    [line] = bad_lines(said)
    assert status == 1 and "broker" in line and "start Redis" in line


def test_a_worker_that_was_not_seen_is_told(well):
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=1))
    [line] = bad_lines(examine()[0])
    assert "celery -A portal worker" in line and "celery -A portal beat" in line


def test_a_storage_that_cant_be_written_is_told(well, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/file/below"
    settings.STORAGES = {**settings.STORAGES}  # tells Django to connect again
    [line] = bad_lines(examine()[0])
    assert "files" in line and "STORAGE_URL" in line


def test_a_mail_server_that_is_away_is_told(well, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    [line] = bad_lines(examine()[0])
    assert "mail" in line and "EMAIL_URL" in line


def test_a_backlog_of_notices_is_told_with_the_command_that_sends_them(well, cast: Cast):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    [line] = bad_lines(examine()[0])
    assert "manage.py deliver_notices" in line


def test_a_pending_migration_is_told(well):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'reviews'")
    lines = bad_lines(examine()[0])
    assert any("migrations" in line and "manage.py migrate" in line for line in lines)


def test_a_log_without_its_triggers_is_told(well):
    from reviews.audit import triggers

    triggers.remove(connection)
    try:
        [line] = bad_lines(examine()[0])
    finally:
        triggers.install(connection)
    assert "audit triggers" in line


# --- alive and ready -----------------------------------------------------------------------------------------


def test_ready_says_what_does_not_answer_and_alive_stays_alive(client, db):
    assert client.get("/readyz").status_code == 200
    with broker("redis://127.0.0.1:1/0"):
        response = client.get("/readyz")
        assert response.status_code == 503 and "broker" in response.json()["faults"]
        assert client.get("/healthz").status_code == 200
    assert app.conf.broker_url.startswith("memory")


def test_doctor_says_when_the_certificate_that_signs_permits_ends(settings, tmp_path):
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    from permits.credentials import dev_ca

    settings.PERMIT_PKCS12, settings.PERMIT_TRUST = tmp_path / "bureau.p12", tmp_path / "trust"
    assert "made with the first permit" in doctor.permit_certificate()
    settings.EMBEDDED = False
    with pytest.raises(doctor.Unwell, match="PERMIT_PKCS12: there is no file"):
        doctor.permit_certificate()
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "trust" / "roots").mkdir(parents=True)
    (tmp_path / "trust" / "roots" / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    settings.PERMIT_PKCS12_PASSPHRASE = "secret"

    def given(days: int, chain) -> None:
        begins = datetime.now(UTC) - timedelta(days=365 * 3 - days, minutes=-5)
        signer = dev_ca.issue("bureau", key=ec.generate_private_key(ec.SECP256R1()), by=root, begins=begins)
        settings.PERMIT_PKCS12 = tmp_path / f"bureau-{days}.p12"
        settings.PERMIT_PKCS12.write_bytes(dev_ca.pkcs12(signer, chain, "secret"))

    given(60, [root])
    assert "60 days" in doctor.permit_certificate()
    given(20, [root])
    with pytest.raises(doctor.Unwell, match="ends in 20 days"):
        doctor.permit_certificate()
    given(-3, [root])
    with pytest.raises(doctor.Unwell, match="ended on"):
        doctor.permit_certificate()
