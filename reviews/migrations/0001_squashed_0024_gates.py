"""All up to 0024_gates in one: a new database is made sooner by it. One that has some of them goes on with the others."""

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import permits.models.fields
import uuid
from django.conf import settings
from django.db import migrations, models

from reviews.audit import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    replaces = [
        ("reviews", "0001_initial"),
        ("reviews", "0002_append_only"),
        ("reviews", "0003_record_stage"),
        ("reviews", "0004_review_depth"),
        ("reviews", "0005_role_grants"),
        ("reviews", "0006_saved_filters"),
        ("reviews", "0007_task_by_closing"),
        ("reviews", "0008_calendar_editions"),
        ("reviews", "0009_channels"),
        ("reviews", "0010_notice_texts"),
        ("reviews", "0011_notice_unread"),
        ("reviews", "0012_tries_by_time"),
        ("reviews", "0013_audit_tree"),
        ("reviews", "0014_audit_archive"),
        ("reviews", "0015_log_filters"),
        ("reviews", "0016_delivery_reports"),
        ("reviews", "0017_webhooks"),
        ("reviews", "0018_log_in_pages"),
        ("reviews", "0019_event_indexes"),
        ("reviews", "0020_marks"),
        ("reviews", "0021_words"),
        ("reviews", "0022_guidance_threads"),
        ("reviews", "0023_public_board"),
        ("reviews", "0024_gates"),
    ]

    initial = True

    dependencies = [
        ("permits", "0001_squashed_0021_person_of_a_pass"),
        ("permits", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                ("year", models.PositiveSmallIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("events", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField(unique=True, verbose_name="Date")),
                ("working", models.BooleanField(verbose_name="Working day")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="Note")),
            ],
            options={
                "verbose_name": "calendar day",
                "verbose_name_plural": "calendar days",
            },
        ),
        migrations.CreateModel(
            name="CalendarEdition",
            fields=[
                ("digest", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("overrides", models.JSONField(default=dict)),
                ("package_until", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ChannelState",
            fields=[
                ("channel", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("closed_at", models.DateTimeField(null=True)),
                ("open_until", models.DateTimeField(null=True)),
                ("pauses", models.PositiveIntegerField(default=0)),
                ("tokens", models.FloatField(default=0)),
                ("refilled", models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PublicCounting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_leaf", models.BigIntegerField(default=0)),
                ("counted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SealState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed_to", models.BigIntegerField(default=0)),
                ("seen_to", models.BigIntegerField(default=0)),
                ("seen_xid", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Whose system it is.", max_length=100, verbose_name="Name of the system"
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        help_text="https only; redirects are not followed.", max_length=500, verbose_name="Address"
                    ),
                ),
                (
                    "actions",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Which steps it is told of; none chosen means all.",
                        verbose_name="Steps",
                    ),
                ),
                (
                    "services",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Of which services; none chosen means all.",
                        verbose_name="Services",
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        help_text="GB/T 2260 code; its counties are told too. Empty: all.",
                        max_length=12,
                        verbose_name="Region",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
                ("secret", permits.models.fields.EncryptedTextField(editable=False)),
                ("earlier_secret", permits.models.fields.EncryptedTextField(blank=True, editable=False)),
                ("earlier_until", models.DateTimeField(editable=False, null=True)),
                ("next_leaf", models.BigIntegerField(default=0, editable=False)),
                ("held_until", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("failures", models.PositiveIntegerField(default=0, editable=False, verbose_name="Failures in a row")),
                ("failing_since", models.DateTimeField(editable=False, null=True, verbose_name="Failing since")),
                (
                    "disabled_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gone", "It answers 410 Gone"),
                            ("silent", "Nothing got through to it for five days"),
                        ],
                        editable=False,
                        max_length=10,
                        verbose_name="Disabled because",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="Created")),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
            },
        ),
        migrations.CreateModel(
            name="ArchivedStream",
            fields=[
                ("stream", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("last_seq", models.PositiveIntegerField()),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="archived", to="permits.application"
                    ),
                ),
                (
                    "archive",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="streams", to="reviews.archive"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("peaks", models.BinaryField()),
                ("root_hash", models.BinaryField()),
                ("note", models.TextField()),
                ("key_id", models.CharField(max_length=8)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["size"],
                "indexes": [models.Index(fields=["at"], name="checkpoint_by_time")],
            },
        ),
        migrations.CreateModel(
            name="CorrectionNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issued_at", models.DateTimeField(verbose_name="Issued")),
                ("deadline", models.DateTimeField(verbose_name="To be answered by")),
                ("answered_at", models.DateTimeField(null=True)),
                ("remind_at", models.DateTimeField(null=True)),
                ("promised_left", models.PositiveIntegerField(default=0)),
                ("statutory_left", models.PositiveIntegerField(default=0)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="correction_notices",
                        to="permits.application",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CorrectionItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("field", "Form field"),
                            ("material", "Material"),
                            ("row", "Row of a list"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=60)),
                ("row", models.PositiveIntegerField(null=True, verbose_name="Row")),
                ("message", permits.models.fields.EncryptedTextField(verbose_name="What is to be corrected")),
                ("previous", permits.models.fields.EncryptedJSONField(default=None, null=True)),
                ("answer", permits.models.fields.EncryptedTextField(blank=True, verbose_name="Answer")),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="reviews.correctionnotice"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "row"), ("row__gte", 1)),
                            models.Q(models.Q(("kind", "row"), _negated=True), ("row", None)),
                            _connector="OR",
                        ),
                        name="row_item_has_its_row",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("accept", "Accept"),
                            ("correct", "Notify of corrections"),
                            ("decline", "Decline to accept"),
                            ("agree", "Agree"),
                            ("disagree", "Disagree"),
                            ("approve", "Approve"),
                            ("reject", "Reject"),
                            ("acknowledge", "Seen to"),
                            ("return", "Return to an earlier stage"),
                            ("silent", "Deemed to agree"),
                            ("advise", "Give an opinion"),
                            ("uphold", "Uphold the decision"),
                            ("overturn", "Set the decision aside"),
                            ("confirm", "The pledge holds"),
                            ("found_false", "The pledge is false"),
                        ],
                        max_length=12,
                        verbose_name="Outcome",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="Reason")),
                ("decided_at", models.DateTimeField(verbose_name="Decided")),
                (
                    "official",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "on_behalf_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
            },
        ),
        migrations.CreateModel(
            name="Department",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.SlugField(help_text="As service definitions name it: street, health …", verbose_name="Kind"),
                ),
                (
                    "region",
                    models.CharField(
                        help_text="GB/T 2260 code; the most exact match handles", max_length=12, verbose_name="Region"
                    ),
                ),
                ("name_zh", models.CharField(max_length=100, verbose_name="Name in Chinese")),
                ("name_en", models.CharField(max_length=150, verbose_name="Name in English")),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
            ],
            options={
                "verbose_name": "department",
                "verbose_name_plural": "departments",
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "region"), name="one_department_per_kind_and_region")
                ],
            },
        ),
        migrations.CreateModel(
            name="CallbackRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("asked_at", models.DateTimeField(verbose_name="Asked")),
                ("mobile", permits.models.fields.EncryptedTextField(blank=True, verbose_name="Mobile number")),
                ("starts_at", models.DateTimeField(verbose_name="From")),
                ("ends_at", models.DateTimeField(verbose_name="Until")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "To be called"),
                            ("done", "Done"),
                            ("missed", "Not reached"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                ("handled_at", models.DateTimeField(null=True)),
                ("note", permits.models.fields.EncryptedTextField(blank=True, verbose_name="Note")),
                ("key", models.CharField(max_length=36)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="callbacks", to="permits.application"
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="reviews.department"
                    ),
                ),
            ],
            options={
                "verbose_name": "call-back",
                "verbose_name_plural": "call-backs",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["department", "starts_at"], name="callback_open"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("application",), name="one_open_callback"
                    ),
                    models.UniqueConstraint(fields=("application", "asked_by", "key"), name="callback_asked_once"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="callback_window_has_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handled_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("handled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="callback_handled_when_not_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stream",
                    models.CharField(
                        help_text="What it happened to: application:…, service:…", max_length=60, verbose_name="Stream"
                    ),
                ),
                ("seq", models.PositiveIntegerField(verbose_name="No. in the stream")),
                ("action", models.CharField(max_length=40, verbose_name="Action")),
                ("role", models.CharField(max_length=80, verbose_name="Role")),
                ("at", models.DateTimeField(verbose_name="Time")),
                ("before", models.CharField(blank=True, max_length=40, verbose_name="Before")),
                ("after", models.CharField(blank=True, max_length=40, verbose_name="After")),
                (
                    "payload",
                    models.TextField(
                        help_text="Canonical JSON (RFC 8785): what the hash is taken over", verbose_name="Content"
                    ),
                ),
                ("prev_hash", models.CharField(blank=True, max_length=64, verbose_name="Hash before it")),
                ("hash", models.CharField(max_length=64, verbose_name="Hash")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="permits.application",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "audit log",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["application", "seq"], name="event_by_application"),
                    models.Index(fields=["actor", "at", "id"], name="event_by_actor_and_time"),
                    models.Index(fields=["action", "at", "id"], name="event_by_action_and_time"),
                    models.Index(fields=["at", "id"], name="event_by_time_and_id"),
                ],
                "constraints": [models.UniqueConstraint(fields=("stream", "seq"), name="event_chain_has_no_fork")],
            },
        ),
        migrations.CreateModel(
            name="EventNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.CharField(max_length=32)),
                ("text", models.TextField()),
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note",
                        to="reviews.event",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Gate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name_zh", models.CharField(max_length=80, verbose_name="Chinese name")),
                ("name_en", models.CharField(max_length=80, verbose_name="English name")),
                ("region", models.CharField(help_text="GB/T 2260 code", max_length=12, verbose_name="Region")),
                (
                    "services",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Permits of which services open it; none chosen means all.",
                        verbose_name="Services",
                    ),
                ),
                (
                    "keep_days",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Then only how many there were on each day is known.",
                        verbose_name="Days that passages are kept",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
            ],
            options={
                "verbose_name": "gate",
                "verbose_name_plural": "gates",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("keep_days__gte", 1), ("keep_days__lte", 180)),
                        name="gate_keeps_for_a_short_while",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GateChecker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="Since")),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkers",
                        to="reviews.gate",
                        verbose_name="gate",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gates",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "gate checker",
                "verbose_name_plural": "gate checkers",
                "constraints": [models.UniqueConstraint(fields=("gate", "user"), name="checker_once_a_gate")],
            },
        ),
        migrations.CreateModel(
            name="GateDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("good", "Let in"),
                            ("revoked", "Revoked"),
                            ("superseded", "Superseded by a renewed one"),
                            ("corrected", "A print from before a correction"),
                            ("expired", "Expired"),
                            ("not_yet", "Not valid yet"),
                            ("not_here", "Not for this gate"),
                            ("unknown", "The register has no such permit"),
                            ("forged", "Forged"),
                            ("malformed", "No code of a permit"),
                        ],
                        max_length=12,
                    ),
                ),
                ("scans", models.PositiveIntegerField()),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="days", to="reviews.gate"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("gate", "day", "result"), name="gate_day_once")],
            },
        ),
        migrations.CreateModel(
            name="GateScan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(help_text="Made where it was scanned: sent twice, it is one", unique=True)),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("good", "Let in"),
                            ("revoked", "Revoked"),
                            ("superseded", "Superseded by a renewed one"),
                            ("corrected", "A print from before a correction"),
                            ("expired", "Expired"),
                            ("not_yet", "Not valid yet"),
                            ("not_here", "Not for this gate"),
                            ("unknown", "The register has no such permit"),
                            ("forged", "Forged"),
                            ("malformed", "No code of a permit"),
                        ],
                        max_length=12,
                        verbose_name="Result",
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        help_text="Of the scan, by the clock of the device where it came late.", verbose_name="Time"
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="Received")),
                (
                    "late",
                    models.BooleanField(
                        default=False, help_text="Checked without a network.", verbose_name="Sent later"
                    ),
                ),
                (
                    "checker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="checked by",
                    ),
                ),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scans",
                        to="reviews.gate",
                        verbose_name="gate",
                    ),
                ),
                (
                    "permit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="scans",
                        to="permits.permit",
                        verbose_name="permit",
                    ),
                ),
            ],
            options={
                "verbose_name": "passage",
                "verbose_name_plural": "passages",
                "indexes": [
                    models.Index(fields=["gate", "-at"], name="scan_by_gate"),
                    models.Index(
                        condition=models.Q(("permit__isnull", False)), fields=["permit", "-at"], name="scan_by_permit"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GuidanceConsent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="permits.application"
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at", None)), fields=("application",), name="one_consent_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("given_at"))), name="consent_has_length"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Interest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "relation",
                    models.CharField(
                        choices=[("linked", "Linked to the enterprise"), ("relative", "Relative of the person")],
                        max_length=10,
                        verbose_name="Relation",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="Note")),
                ("declared_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="Declared")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="Ended")),
                (
                    "enterprise",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="permits.enterprise",
                        verbose_name="enterprise",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="interests",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="official",
                    ),
                ),
            ],
            options={
                "verbose_name": "conflict of interest",
                "verbose_name_plural": "conflicts of interest",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("enterprise__isnull", False), ("person", None), ("relation", "linked")),
                            models.Q(("enterprise", None), ("person__isnull", False), ("relation", "relative")),
                            _connector="OR",
                        ),
                        name="interest_names_its_other_side",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("stream", models.CharField(max_length=60)),
                ("seq", models.PositiveIntegerField()),
                ("hashes", models.BinaryField()),
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="leaf",
                        to="reviews.event",
                    ),
                ),
            ],
            options={
                "ordering": ["index"],
            },
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file", models.UUIDField()),
                ("page", models.PositiveSmallIntegerField()),
                ("left", models.PositiveSmallIntegerField()),
                ("top", models.PositiveSmallIntegerField()),
                ("width", models.PositiveSmallIntegerField()),
                ("height", models.PositiveSmallIntegerField()),
                ("drawn", models.BooleanField(default=False)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mark", to="reviews.correctionitem"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("drawn", False)), fields=["tries"], name="mark_to_draw")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("height__gte", 1),
                            ("left__gte", 0),
                            ("page__gte", 1),
                            ("page__lte", 20000),
                            ("top__gte", 0),
                            ("width__gte", 1),
                            (
                                "left__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.Value(10000), "-", models.F("width")
                                ),
                            ),
                            (
                                "top__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.Value(10000), "-", models.F("height")
                                ),
                            ),
                        ),
                        name="mark_lies_on_its_page",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("inbox", "Inbox"),
                            ("email", "E-mail"),
                            ("sms", "Text message"),
                            ("wechat", "WeChat"),
                        ],
                        max_length=10,
                        verbose_name="Channel",
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="Kind")),
                ("params", permits.models.fields.EncryptedJSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("dead", "Given up"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="Attempts")),
                ("created_at", models.DateTimeField(verbose_name="Created")),
                ("next_attempt_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True, verbose_name="Sent")),
                ("provider_id", models.CharField(blank=True, max_length=200)),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="Delivered")),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "application",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="permits.application",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="reviews.event",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notices", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "indexes": [
                    models.Index(fields=["state", "next_attempt_at"], name="notice_outbox"),
                    models.Index(fields=["recipient", "channel", "-created_at"], name="notice_inbox"),
                    models.Index(
                        condition=models.Q(("read_at", None)), fields=["recipient", "channel"], name="notice_unread"
                    ),
                    models.Index(
                        condition=models.Q(("provider_id", ""), _negated=True),
                        fields=["provider_id"],
                        name="notice_by_provider",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "recipient", "channel"), name="told_once")],
            },
        ),
        migrations.CreateModel(
            name="DeliveryReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("inbox", "Inbox"),
                            ("email", "E-mail"),
                            ("sms", "Text message"),
                            ("wechat", "WeChat"),
                        ],
                        max_length=10,
                    ),
                ),
                ("provider_id", models.CharField(max_length=200)),
                ("status", models.CharField(choices=[("delivered", "Delivered"), ("failed", "Failed")], max_length=10)),
                ("code", models.CharField(blank=True, max_length=60)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "notice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="reviews.notice",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("notice", None)), fields=["received_at"], name="report_of_nobody")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "provider_id", "status"), name="reported_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("ok", models.BooleanField()),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("provider_id", models.CharField(blank=True, max_length=200)),
                ("seconds", models.FloatField()),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tries", to="reviews.notice"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="tries_by_time")],
            },
        ),
        migrations.CreateModel(
            name="NoticeText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Inbox and e-mail"), ("sms", "Text message")],
                        max_length=10,
                        verbose_name="Channel",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("zh", "中文"), ("en", "English")], max_length=2, verbose_name="Language"
                    ),
                ),
                ("edition", models.PositiveIntegerField(verbose_name="Edition")),
                ("source", models.TextField(blank=True)),
                ("current", models.BooleanField(default=True, verbose_name="In force")),
                ("published_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="Published")),
                (
                    "published_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "wording of a notice",
                "verbose_name_plural": "wording of notices",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "channel", "language", "edition"), name="notice_text_edition"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("current", True)),
                        fields=("kind", "channel", "language"),
                        name="one_notice_text_in_force",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Official",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("reviewer", "Reviewer"), ("supervisor", "Supervisor")],
                        default="reviewer",
                        max_length=12,
                        verbose_name="Role",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="officials",
                        to="reviews.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "official",
                "verbose_name_plural": "officials",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "department"), name="one_posting_per_department")
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="From")),
                ("ends_at", models.DateTimeField(verbose_name="Until")),
                ("reason", models.CharField(max_length=200, verbose_name="Reason")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="Ended early")),
                (
                    "delegate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegated",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="stands in",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                (
                    "official",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="reviews.official",
                        verbose_name="official",
                    ),
                ),
            ],
            options={
                "verbose_name": "delegation",
                "verbose_name_plural": "delegations",
                "indexes": [models.Index(fields=["delegate", "ends_at"], name="delegation_by_delegate")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="delegation_ends_later"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("experts", "Expert review"),
                            ("hearing", "Hearing"),
                            ("inspection", "Inspection, test or quarantine"),
                        ],
                        max_length=12,
                        verbose_name="Procedure",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="Begun")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="Ended")),
                ("promised_left", models.PositiveIntegerField(default=0)),
                ("statutory_left", models.PositiveIntegerField(default=0)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="permits.application"
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "special procedure",
                "verbose_name_plural": "special procedures",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("application",), name="one_pause_at_a_time"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PublicCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(blank=True, max_length=6)),
                ("measure", models.CharField(max_length=20)),
                ("seen", models.PositiveIntegerField(default=0)),
                ("shown", models.PositiveIntegerField(default=0)),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="permits.service"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("service", "region", "measure"), name="one_public_count"),
                    models.CheckConstraint(
                        condition=models.Q(("shown__lte", models.F("seen"))),
                        name="public_count_shows_no_more_than_seen",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PublicStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(blank=True, max_length=6)),
                ("measure", models.CharField(max_length=20)),
                ("day", models.DateField()),
                ("fives", models.PositiveIntegerField()),
                (
                    "service",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="permits.service",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "service", "region", "measure"), name="one_public_step"),
                    models.CheckConstraint(condition=models.Q(("fives__gte", 1)), name="public_step_is_full"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "score",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (5, "Very satisfied"),
                            (4, "Satisfied"),
                            (3, "Fairly satisfied"),
                            (2, "Dissatisfied"),
                            (1, "Very dissatisfied"),
                        ],
                        verbose_name="Score",
                    ),
                ),
                ("comment", models.TextField(blank=True, max_length=1000, verbose_name="Comment")),
                ("created_at", models.DateTimeField(verbose_name="Rated")),
                ("follow_up_due_at", models.DateTimeField(null=True, verbose_name="Follow-up due")),
                ("followed_up_at", models.DateTimeField(null=True, verbose_name="Followed up")),
                ("follow_up", models.TextField(blank=True, verbose_name="What was done")),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rating", to="permits.application"
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings",
                        to="reviews.department",
                    ),
                ),
                (
                    "followed_up_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "rating",
                "verbose_name_plural": "ratings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 1), ("score__lte", 5)), name="rating_one_to_five"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleGrant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("service_owner", "Service owner"),
                            ("system_admin", "System administrator"),
                            ("security_admin", "Security administrator"),
                            ("audit_admin", "Audit administrator"),
                        ],
                        max_length=20,
                        verbose_name="Role",
                    ),
                ),
                ("granted_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="granted")),
                (
                    "granted_by",
                    models.ForeignKey(
                        help_text="empty: by manage.py setup_roles",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="granted by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="role_grants",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "role of an account",
                "verbose_name_plural": "roles of accounts",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "role"), name="one_grant_per_role"),
                    models.UniqueConstraint(
                        condition=models.Q(("role__in", ["system_admin", "security_admin", "audit_admin"])),
                        fields=("user",),
                        name="one_of_the_three_administrators",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("role__in", ["security_admin", "audit_admin", "service_owner"])),
                        fields=("user",),
                        name="who_watches_owns_no_service",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["service_owner", "system_admin", "security_admin", "audit_admin"])
                        ),
                        name="granted_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("granted_by", None),
                            models.Q(("granted_by", models.F("user")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_grants_to_themself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=80, verbose_name="Title")),
                ("text_zh", models.TextField(blank=True, max_length=2000, verbose_name="Text in Chinese")),
                ("text_en", models.TextField(blank=True, max_length=2000, verbose_name="Text in English")),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reviews.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "saved answer",
                "verbose_name_plural": "saved answers",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("department", None), ("owner__isnull", False)),
                            models.Q(("department__isnull", False), ("owner", None)),
                            _connector="OR",
                        ),
                        name="saved_answer_is_somebodys",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text_en", ""), ("text_zh", ""), _negated=True),
                        name="saved_answer_says_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="Name")),
                ("query", models.CharField(blank=True, max_length=600)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "saved filter",
                "verbose_name_plural": "saved filters",
                "constraints": [models.UniqueConstraint(fields=("user", "name"), name="one_saved_filter_of_a_name")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("stage", models.CharField(max_length=60, verbose_name="Stage")),
                ("kind", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled")],
                        default="open",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="Opened")),
                ("due_at", models.DateTimeField(verbose_name="Due")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="Closed")),
                ("claimed_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("remind_at", models.DateTimeField(null=True)),
                (
                    "reminded",
                    models.PositiveSmallIntegerField(default=0, help_text="Per cent of the time at the last reminder"),
                ),
                ("escalated_at", models.DateTimeField(null=True)),
                ("silent_at", models.DateTimeField(null=True)),
                ("returned", models.BooleanField(default=False, verbose_name="Returned")),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("second_round_asked_at", models.DateTimeField(null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="permits.application",
                        verbose_name="application",
                    ),
                ),
                (
                    "claimed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="claimed by",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="reviews.department",
                        verbose_name="department",
                    ),
                ),
                (
                    "second_round_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
                "indexes": [
                    models.Index(fields=["department", "state", "due_at"], name="task_queue"),
                    models.Index(fields=["state", "due_at"], name="task_by_due_time"),
                    models.Index(fields=["department", "state", "closed_at"], name="task_by_closing"),
                    models.Index(condition=models.Q(("state", "open")), fields=["remind_at"], name="task_to_remind"),
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["lease_until"], name="task_claimed_until"
                    ),
                    models.Index(condition=models.Q(("state", "open")), fields=["silent_at"], name="task_silent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open"), models.Q(("kind", "advice"), _negated=True)),
                        fields=("application", "stage", "department"),
                        name="one_open_task_per_stage_and_department",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True), ("closed_at__gte", models.F("opened_at"))
                            ),
                            _connector="OR",
                        ),
                        name="task_closed_when_not_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text", permits.models.fields.EncryptedTextField(verbose_name="What is objected to")),
                ("filed_at", models.DateTimeField(verbose_name="Filed")),
                (
                    "against",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="objection", to="reviews.decision"
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="objections", to="permits.application"
                    ),
                ),
                (
                    "filed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "task",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="objection", to="reviews.task"
                    ),
                ),
            ],
            options={
                "verbose_name": "objection",
                "verbose_name_plural": "objections",
            },
        ),
        migrations.AddField(
            model_name="decision",
            name="task",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="decision", to="reviews.task"
            ),
        ),
        migrations.AddField(
            model_name="correctionnotice",
            name="task",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="correction_notice", to="reviews.task"
            ),
        ),
        migrations.CreateModel(
            name="Advice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.TextField(verbose_name="Question")),
                ("asked_at", models.DateTimeField(verbose_name="Asked")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_for",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="advice_asked", to="reviews.task"
                    ),
                ),
                (
                    "task",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="advice", to="reviews.task"
                    ),
                ),
            ],
            options={
                "verbose_name": "opinion asked for",
                "verbose_name_plural": "opinions asked for",
            },
        ),
        migrations.CreateModel(
            name="Thread",
            fields=[
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="thread",
                        serialize=False,
                        to="permits.application",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="Answer expected")),
                ("last_at", models.DateTimeField(verbose_name="Last message")),
                ("claimed_until", models.DateTimeField(null=True)),
                ("applicant_told_at", models.DateTimeField(null=True)),
                ("office_told_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "claimed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="claimed by",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="threads",
                        to="reviews.department",
                        verbose_name="department",
                    ),
                ),
            ],
            options={
                "verbose_name": "thread",
                "verbose_name_plural": "messages and call-backs",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["department", "due_at"],
                        name="thread_waiting",
                    ),
                    models.Index(fields=["department", "-last_at"], name="thread_by_last"),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["claimed_by", "due_at"],
                        name="thread_claimed",
                    ),
                    models.Index(condition=models.Q(("erased_at", None)), fields=["last_at"], name="thread_to_erase"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("side", models.CharField(choices=[("applicant", "Applicant"), ("office", "Office")], max_length=10)),
                (
                    "kind",
                    models.CharField(
                        choices=[("written", "Written"), ("phone", "By phone"), ("missed", "Called, not reached")],
                        default="written",
                        max_length=10,
                    ),
                ),
                ("text", permits.models.fields.EncryptedTextField(blank=True, verbose_name="Text")),
                ("salt", models.CharField(blank=True, max_length=32)),
                ("key", models.CharField(max_length=36)),
                ("at", models.DateTimeField(verbose_name="Time")),
                ("spoken_at", models.DateTimeField(null=True, verbose_name="Spoken")),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reviews.department",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="reviews.thread"
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at", None)), fields=["thread", "side"], name="message_unread"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("thread", "author", "key"), name="message_sent_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("department", None), ("side", "applicant")),
                            models.Q(("department__isnull", False), ("side", "office")),
                            _connector="OR",
                        ),
                        name="message_of_an_office_names_it",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("leaf", models.BigIntegerField(null=True)),
                ("message_id", models.CharField(max_length=60)),
                ("action", models.CharField(max_length=40, verbose_name="Action")),
                ("body", models.TextField()),
                ("at", models.DateTimeField(verbose_name="Time of the step")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("sent", "Sent"), ("dead", "Given up")],
                        default="pending",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="Attempts")),
                ("tried_at", models.DateTimeField(null=True, verbose_name="Last tried")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="Answer")),
                ("detail", models.CharField(blank=True, max_length=200, verbose_name="Detail")),
                ("seconds", models.FloatField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="reviews.webhookendpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")), fields=["endpoint", "leaf"], name="webhook_waiting"
                    ),
                    models.Index(fields=["endpoint", "at"], name="webhook_by_time"),
                ],
                "constraints": [models.UniqueConstraint(fields=("endpoint", "leaf"), name="webhook_told_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "accept",
                            "correct",
                            "decline",
                            "agree",
                            "disagree",
                            "approve",
                            "reject",
                            "acknowledge",
                            "return",
                            "silent",
                            "advise",
                            "uphold",
                            "overturn",
                            "confirm",
                            "found_false",
                        ],
                    )
                ),
                name="decision_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("official__isnull", False), ("outcome", "silent"), _connector="OR"),
                name="decision_has_its_official",
            ),
        ),
        migrations.AddIndex(
            model_name="correctionnotice",
            index=models.Index(
                condition=models.Q(("answered_at", None)), fields=["remind_at"], name="correction_to_remind"
            ),
        ),
        migrations.RunPython(
            code=install,
            reverse_code=remove,
        ),
    ]
