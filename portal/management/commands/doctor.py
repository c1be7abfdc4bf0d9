"""Is the portal well? One line a check; exit status 1, with the mending command, when something is not."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from permits.credentials import NotSigned, certificate
from permits.intake import checking, direct, sandbox, scanner, storage
from permits.models import EditionDraft, Material, Permit, Service, StorageCheck, StorageFault, User
from portal import maintenance
from reviews import calendars, editions, roles
from reviews.audit import signing, triggers, unsealed, witness
from reviews.models import Heartbeat, Notice
from reviews.webhooks import state as webhook_state

BACKLOG = timedelta(minutes=5)
CHECKED_WITHIN = timedelta(days=3)
STALE = timedelta(days=7)


class Unwell(Exception):
    """A check failed; the message says what is wrong, ``mend`` the command that mends it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        raise Unwell(f"the database does not answer: {error}", "check DATABASE_URL and start the database") from error
    return str(connection.vendor)


def migrations() -> str:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        raise Unwell(f"{len(plan)} migrations are pending", "manage.py migrate")
    return "none pending"


def audit_triggers() -> str:
    if not triggers.installed(connection):
        raise Unwell(
            "the audit log is not guarded by its triggers", "manage.py guard_audit_log"
        )
    return "append-only"


def audit_tree() -> str:
    """Sealing keeps up: an event waits for seconds, not for minutes."""
    if not settings.EMBEDDED and signing.signer().public_key() is None:
        raise Unwell(f"there is no key to sign the audit log's checkpoints with at {settings.AUDIT_KEY_FILE}",
                     "manage.py make_audit_key")  # fmt: skip
    oldest, waiting = unsealed.backlog()
    if oldest and oldest < timezone.now() - BACKLOG:
        raise Unwell(f"{waiting} events of the audit log wait to be sealed, the first since "
                     f"{timezone.localtime(oldest):%Y-%m-%d %H:%M:%S}",
                     "manage.py seal_audit_log, and start the Celery worker and beat")  # fmt: skip
    return f"{waiting} events wait to be sealed" if waiting else "all sealed"


def audit_witnesses() -> str:
    """Each has what was sealed two pushes ago."""
    late = witness.late(timedelta(seconds=2 * settings.AUDIT_WITNESS_SECONDS))
    if late:
        raise Unwell(f"{late[0]} lacks the audit log's checkpoints of the last hours ({len(late)} such witnesses)",
                     "manage.py push_checkpoint, which says what is wrong")  # fmt: skip
    count = len(settings.AUDIT_WITNESSES)
    return f"{count} have the latest checkpoints" if count else "none (AUDIT_WITNESSES): the log is its own only witness"


def broker() -> str:
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:
        raise Unwell(
            f"the broker does not answer: {error}", "check REDIS_URL and start Redis; notices wait meanwhile"
        ) from error
    return settings.CELERY_BROKER_URL.split("@")[-1]


def worker() -> str:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None or beat.at < timezone.now() - timedelta(minutes=3):
        last = f"last seen {timezone.localtime(beat.at):%Y-%m-%d %H:%M:%S}" if beat else "never seen"
        raise Unwell(
            f"no worker with beat is at work ({last})", "start: celery -A portal worker, and celery -A portal beat"
        )
    return f"seen {timezone.localtime(beat.at):%H:%M:%S}"


def files() -> str:
    content = uuid.uuid4().bytes
    try:
        stored = storage.put([content])
        with storage.open_blob(stored.sha256) as blob:
            same = blob.read() == content
        storage.delete_blob(stored.sha256)
    except Exception as error:
        raise Unwell(f"materials can't be stored: {error}", "check STORAGE_URL, its rights and its space") from error
    if not same:
        raise Unwell("what was stored did not come back the same", "check the storage behind STORAGE_URL")
    return f"written, read, deleted{_direct()}"


def _direct() -> str:
    if not direct.wanted():
        return ""
    try:
        allowed = direct.allowed_from(settings.SITE_URL)
    except storage.StorageUnavailable:
        return "; large files directly from browsers (the service does not say from whose pages)"
    if not allowed:
        raise Unwell(
            f"pages of {settings.SITE_URL} may not send files to the bucket, so all of them come through the portal",
            "manage.py allow_direct_uploads, or take direct=1 out of STORAGE_URL",
        )
    return "; large files directly from browsers"


def stored_files() -> str:
    """What the looks at the storage came to: tonight's share and the last look at everything."""
    faults = StorageFault.objects.count()
    if faults:
        first = StorageFault.objects.earliest("found_at")
        raise Unwell(f"{faults} files are lost or damaged, since {timezone.localtime(first.found_at):%Y-%m-%d %H:%M} "
                     f"({first.kind} {first.sha256[:12]}…, {first.needed_by})",
                     "put them back from a backup under the same name, then manage.py check_storage")  # fmt: skip
    latest = StorageCheck.objects.filter(ended_at__isnull=False).order_by("-ended_at").first()
    if latest is None or latest.ended_at is None or latest.ended_at < timezone.now() - CHECKED_WITHIN:
        if settings.EMBEDDED or not Material.objects.filter(uploaded_at__lt=timezone.now() - CHECKED_WITHIN).exists():
            return "nothing known to be wrong; not checked yet"
        seen = f"not since {timezone.localtime(latest.ended_at):%Y-%m-%d}" if latest and latest.ended_at else "never"
        raise Unwell(f"the stored files were checked {seen}",
                     "start the Celery worker and beat, which check a share every night; or manage.py check_storage")  # fmt: skip
    what = f"the share of {latest.night:%Y-%m-%d}" if latest.night else "all"
    left = f", {latest.orphans} that no row needs (manage.py check_storage --repair)" if latest.orphans else ""
    return f"{what} checked {timezone.localtime(latest.ended_at):%Y-%m-%d %H:%M}: {latest.read} of {latest.blobs} read, none lost{left}"


def files_checked() -> str:
    """Each is looked into soon after it came, in a process that has nothing."""
    if not settings.INSPECTION_SANDBOX:
        raise Unwell("strangers' files are opened in the worker's own process", "unset INSPECTION_SANDBOX")
    try:
        holds = sandbox.holds()
    except sandbox.Failed as error:
        raise Unwell(f"the process that looks into files doesn't work: {error}",
                     "see what it says in the log above, and mend that") from error  # fmt: skip
    waiting = checking.backlog()
    if waiting.oldest and waiting.oldest < timezone.now() - BACKLOG:
        raise Unwell(f"{waiting.checking} files wait to be looked into and {waiting.held} for the virus scanner, the first since "
                     f"{timezone.localtime(waiting.oldest):%Y-%m-%d %H:%M}",
                     "mend what stands at virus_scanner, and start the Celery worker and beat")  # fmt: skip
    lacks = [name for name in sandbox.KEPT_FROM if name not in holds]
    kept = f"{waiting.checking} wait; kept from the process that opens them: {', '.join(['secrets', *holds])}"
    return f"{kept}; not by this kernel: {', '.join(lacks)}" if lacks else kept


def virus_scanner() -> str:
    """It answers, knows what is new, and takes a file of the largest size."""
    try:
        found = scanner.version()
        if found is None:
            return "none (CLAMD_URL): files are looked into, and not scanned"
        scanner.scan(io.BytesIO(bytes(settings.UPLOAD_MAX_BYTES)))
    except ImproperlyConfigured as error:
        raise Unwell(str(error), "mend CLAMD_URL; what comes waits meanwhile") from error
    except scanner.Down as error:
        raise Unwell(str(error), "start clamd, or mend it; what comes waits meanwhile, and is checked by itself") from error
    if found.of and found.of < timezone.now() - STALE:
        raise Unwell(f"the virus scanner's signatures are of {found.of:%Y-%m-%d}", "start freshclam beside clamd")
    return found.text


def mail() -> str:
    try:
        with get_connection():
            pass
    except Exception as error:
        raise Unwell(f"the mail server does not answer: {error}", "check EMAIL_URL; notices wait meanwhile") from error
    return settings.EMAIL_BACKEND.rsplit(".", 1)[-1]


def clock() -> str:
    if connection.vendor != "postgresql":
        return "one machine"
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    if apart > 5:
        raise Unwell(f"this machine's clock and the database's are {apart:.0f} s apart", "start chrony or ntpd on both")
    return f"{apart:.3f} s from the database's"


def opened() -> str:
    closed = maintenance.state()
    if closed is None:
        return "to everybody"
    if closed["late"]:
        raise Unwell("the portal is closed for maintenance longer than its page said", "manage.py maintenance off")
    return "closed for maintenance" + (f" until {closed['until']:%Y-%m-%d %H:%M}" if closed["until"] else "")


def calendar() -> str:
    known = calendars.current()
    year = timezone.localdate().year
    missing = [y for y in (year, (timezone.localdate() + timedelta(days=45)).year) if not known.knows(y)]
    if missing:
        raise Unwell(
            f"the official holidays of {missing[0]} are not known; Monday to Friday are taken for working days",
            f"manage.py load_calendar holidays-{missing[0]}.csv (lines: {missing[0]}-01-01,off,元旦)",
        )
    return f"{year} known"


def due_times() -> str:
    if late := calendars.open_ones_counted_otherwise():
        raise Unwell(f"{late} open applications are counted with an earlier calendar", "manage.py recompute_due_times")
    return "counted with the calendar in force"


def services() -> str:
    count = Service.objects.filter(current__isnull=False).count()
    if not count:
        raise Unwell("no service is published", "manage.py publish_service permits/services/*.toml")
    return f"{count} published"


def outbox() -> str:
    late = Notice.objects.filter(state__in=["pending", "sending"], created_at__lt=timezone.now() - BACKLOG).count()
    dead = Notice.objects.filter(state="dead").count()
    if late or dead:
        raise Unwell(f"{late} notices wait for more than 5 minutes, {dead} given up",
                     "manage.py resend_notices" if dead else "manage.py deliver_notices")  # fmt: skip
    return "empty or on its way"


def webhooks() -> str:
    found = webhook_state.figures()
    for each in found:
        if each.active and each.failing_since and each.failing_since < timezone.now() - BACKLOG:
            raise Unwell(f"nothing gets through to {each.name} since {timezone.localtime(each.failing_since):%Y-%m-%d %H:%M}",
                         "ask whose system it is; what waits is told when it answers again")  # fmt: skip
        if each.dead:
            raise Unwell(f"{each.name} refused {each.dead} steps until they were given up",
                         f"when it is mended: manage.py replay_webhooks --endpoint {each.key} --since DAY")  # fmt: skip
    return f"{len(found)} told" if found else "none"


def permits() -> str:
    late = Permit.objects.filter(pdf_sha256="", issued_at__lt=timezone.now() - BACKLOG).count()
    if late:
        raise Unwell(f"{late} permits are not printed", "start the Celery worker; it prints them within a minute")
    return "all printed"


def permit_certificate() -> str:
    """The bureau's: there, going back to a root that is trusted here, and good for a while yet."""
    if settings.EMBEDDED and not settings.PERMIT_PKCS12.exists() and not settings.PERMIT_PKCS11["module"]:
        return "none yet; made with the first permit"
    try:
        found = certificate.standing()
    except certificate.Unfit as unfit:
        raise Unwell(str(unfit), unfit.mend) from unfit
    except (ImproperlyConfigured, NotSigned) as error:
        raise Unwell(str(error), "mend that; permits wait to be printed meanwhile") from error
    if found.days < certificate.RENEW_BEFORE:
        raise Unwell(f"the certificate that signs permits ends in {found.days} days ({found.ends:%Y-%m-%d})",
                     "have the bureau's authority renew it, and put it in the place of the old one (docs/operations.md)")  # fmt: skip
    stamps = f"; time stamps of {settings.PERMIT_TSA_URL}" if settings.PERMIT_TSA_URL else "; no time stamps"
    return f"{found.subject}, of {found.issuer}, {found.days} days to {found.ends:%Y-%m-%d}{stamps}"


def administrators() -> str:
    """The three are there, apart, and no superuser stands above them; one machine for trying out may do without."""
    posted = roles.posted_administrators()
    if posted:
        raise Unwell(f"{posted[0]} is an administrator and posted to a department",
                     f"in the review desk, a security administrator ends the postings of {posted[0]} (Officials)")  # fmt: skip
    missing = roles.missing_administrators()
    superusers = list(
        User.objects.filter(is_superuser=True, is_active=True).order_by("pk").values_list("email", flat=True)
    )
    if settings.EMBEDDED:
        return "not all of the three; needed in production" if missing else "three, and apart"
    if missing:
        options = " ".join(f"--{role.removesuffix('_admin')} E-MAIL" for role in missing)
        raise Unwell(f"nobody is {', '.join(missing)}", f"manage.py setup_roles {options}")
    if superusers:
        raise Unwell(f"{superusers[0]} is an active superuser ({len(superusers)} in all)",
                     "manage.py setup_roles --revoke-superusers")  # fmt: skip
    return "three, and apart"


def scheduled_editions() -> str:
    late = list(editions.due(timezone.now() - editions.LATE).values_list("pk", flat=True)[:20])
    if late:
        raise Unwell(f"{len(late)} editions were to be published more than 5 minutes ago (drafts {late})",
                     "manage.py publish_due_editions, and start the Celery worker and beat")  # fmt: skip
    count = EditionDraft.objects.filter(published_version=None, publish_at__isnull=False).count()
    return f"{count} to come"


CHECKS: list[Callable[[], str]] = [
    database, migrations, audit_triggers, audit_tree, audit_witnesses, administrators, broker, worker, files, stored_files, files_checked, virus_scanner, mail, clock, opened, calendar, due_times, services,
    scheduled_editions,
    outbox, webhooks, permits, permit_certificate,
]  # fmt: skip


def run() -> Iterator[tuple[str, bool, str, str]]:
    """Name, well or not, what was seen, the mending command."""
    for check in CHECKS:
        try:
            yield check.__name__, True, check(), ""
        except Unwell as unwell:
            yield check.__name__, False, str(unwell), unwell.mend
        except Exception as error:  # a check that can't be made, such as a table that isn't there yet
            yield (
                check.__name__,
                False,
                f"{type(error).__name__}: {error}".splitlines()[0],
                "mend what stands above, then run doctor again",
            )


class Command(BaseCommand):
    help = "Check database, broker, worker, storage, inspection, virus scanner, mail, clock, calendar, migrations and backlogs."

    def handle(self, *args: Any, **options: Any) -> None:
        unwell = 0
        for name, well, seen, mend in run():
            self.stdout.write(f"{'ok  ' if well else 'BAD '} {name.replace('_', ' '):15} {seen}")
            if not well:
                unwell += 1
                self.stdout.write(f"     mend: {mend}")
        if unwell:
            raise SystemExit(1)
