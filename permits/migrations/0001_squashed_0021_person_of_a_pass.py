"""All up to 0021_person_of_a_pass in one: a new database is made sooner by it. One that has some of them goes on with the others."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import permits.models.fields
import uuid
from django.conf import settings
from django.db import migrations, models

from permits import substrings


class Migration(migrations.Migration):
    replaces = [
        ("permits", "0001_initial"),
        ("permits", "0002_left_over"),
        ("permits", "0003_review_depth"),
        ("permits", "0004_search"),
        ("permits", "0005_edition_drafts"),
        ("permits", "0006_calendar_editions"),
        ("permits", "0007_edition_files"),
        ("permits", "0008_notice_choices"),
        ("permits", "0009_answers_salt"),
        ("permits", "0010_edition_draft_files"),
        ("permits", "0011_material_checks"),
        ("permits", "0012_uploads"),
        ("permits", "0013_stored_files"),
        ("permits", "0014_page_pictures"),
        ("permits", "0015_code_on_a_permit"),
        ("permits", "0016_authorisations"),
        ("permits", "0017_words"),
        ("permits", "0018_sessions_ended"),
        ("permits", "0019_public_register"),
        ("permits", "0020_direct_uploads"),
        ("permits", "0021_person_of_a_pass"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Serial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scope", models.CharField(max_length=80, unique=True)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Service",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True, verbose_name="Short name")),
                ("open", models.BooleanField(default=True, verbose_name="Open for new applications")),
            ],
            options={
                "verbose_name": "service",
                "verbose_name_plural": "services",
            },
        ),
        migrations.CreateModel(
            name="StorageFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("kind", models.CharField(choices=[("lost", "Lost"), ("damaged", "Damaged")], max_length=10)),
                (
                    "needed_by",
                    models.CharField(
                        blank=True, help_text="A row that needs it: material 17, permit 4", max_length=100
                    ),
                ),
                ("found_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="E-mail")),
                ("name", models.CharField(max_length=80, verbose_name="Name")),
                ("mobile", permits.models.fields.EncryptedTextField(blank=True, verbose_name="Mobile")),
                ("mobile_index", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ("language", models.CharField(default="zh-hans", max_length=10, verbose_name="Language")),
                ("notice_choices", models.JSONField(blank=True, default=dict, editable=False)),
                ("sessions_ended", models.PositiveIntegerField(default=0, editable=False)),
                ("is_staff", models.BooleanField(default=False, verbose_name="May enter the review desk")),
                ("is_active", models.BooleanField(default=True, verbose_name="Active")),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="Joined")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"), name="user_email_whatever_case"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EditionDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.TextField(help_text="TOML, as it was typed last")),
                ("revision", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("saved_at", models.DateTimeField(verbose_name="Saved")),
                ("publish_at", models.DateTimeField(blank=True, null=True, verbose_name="To be published")),
                ("refused_at", models.DateTimeField(blank=True, null=True, verbose_name="Not published")),
                ("refused_reason", models.JSONField(blank=True, default=dict, help_text="In both languages")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Saved by",
                    ),
                ),
                (
                    "scheduled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafts",
                        to="permits.service",
                    ),
                ),
            ],
            options={
                "verbose_name": "draft edition",
                "verbose_name_plural": "draft editions",
            },
        ),
        migrations.CreateModel(
            name="EditionDraftFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="permits.editiondraft"
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a draft edition",
                "verbose_name_plural": "files of draft editions",
                "constraints": [
                    models.UniqueConstraint(fields=("draft", "name"), name="one_file_of_a_name_each_draft")
                ],
            },
        ),
        migrations.CreateModel(
            name="Enterprise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("uscc", models.CharField(max_length=18, unique=True, verbose_name="Unified social credit code")),
                ("name", models.CharField(max_length=200, verbose_name="Enterprise name")),
                ("registered_address", models.CharField(max_length=300, verbose_name="Registered address")),
                ("production_address", models.CharField(max_length=300, verbose_name="Production address")),
                (
                    "region",
                    models.CharField(help_text="GB/T 2260 code of the county", max_length=6, verbose_name="Region"),
                ),
                (
                    "industry",
                    models.CharField(
                        help_text="GB/T 4754 section and division, such as C20", max_length=3, verbose_name="Industry"
                    ),
                ),
                (
                    "size",
                    models.CharField(
                        choices=[("large", "Large"), ("medium", "Medium"), ("small", "Small"), ("micro", "Micro")],
                        max_length=10,
                        verbose_name="Size",
                    ),
                ),
                ("legal_name", models.CharField(max_length=80, verbose_name="Legal representative")),
                (
                    "legal_id_number",
                    permits.models.fields.EncryptedTextField(verbose_name="Legal representative's ID number"),
                ),
                (
                    "legal_mobile",
                    permits.models.fields.EncryptedTextField(verbose_name="Legal representative's mobile"),
                ),
                (
                    "bad_credit",
                    models.BooleanField(
                        default=False,
                        help_text="No material may be handed in later or be pledged",
                        verbose_name="Bad credit",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="Registered")),
                ("revision", models.PositiveIntegerField(default=0, editable=False)),
            ],
            options={
                "verbose_name": "enterprise",
                "verbose_name_plural": "enterprises",
                "indexes": [models.Index(fields=["name"], name="enterprise_name")],
            },
        ),
        migrations.CreateModel(
            name="Application",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=40, null=True, unique=True, verbose_name="Number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("needs_correction", "Needs correction"),
                            ("corrected", "Corrected"),
                            ("in_review", "Accepted, under review"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("declined", "Not accepted"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed"),
                            ("recorded", "Recorded"),
                            ("suspended", "Special procedure: the clock stands still"),
                            ("terminated", "Terminated"),
                            ("objected", "Objection under review"),
                        ],
                        default="draft",
                        max_length=20,
                        verbose_name="Status",
                    ),
                ),
                ("stage", models.CharField(blank=True, max_length=40, verbose_name="Stage")),
                ("answers", permits.models.fields.EncryptedJSONField(default=dict)),
                ("answers_salt", models.CharField(blank=True, editable=False, max_length=32)),
                ("left_over", permits.models.fields.EncryptedJSONField(default=list)),
                ("region", models.CharField(blank=True, max_length=12, verbose_name="Region")),
                ("industry", models.CharField(blank=True, max_length=3, verbose_name="Industry")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("submitted_at", models.DateTimeField(null=True, verbose_name="Submitted")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="Accepted")),
                ("due_at", models.DateTimeField(null=True, verbose_name="Promised by")),
                ("statutory_due_at", models.DateTimeField(null=True, verbose_name="Statutory limit")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="Closed")),
                ("extended_at", models.DateTimeField(null=True, verbose_name="Statutory limit extended")),
                ("calendar", models.CharField(blank=True, editable=False, max_length=16)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("last_seq", models.PositiveIntegerField(default=0, editable=False)),
                ("last_hash", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "applicant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="permits.enterprise",
                    ),
                ),
            ],
            options={
                "verbose_name": "application",
                "verbose_name_plural": "applications",
            },
        ),
        migrations.CreateModel(
            name="AccessRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("message", models.CharField(blank=True, max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Waiting"), ("granted", "Granted"), ("refused", "Refused")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="access_requests",
                        to="permits.enterprise",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("enterprise", "user"),
                        name="one_open_access_request",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EnterpriseChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("said", permits.models.fields.EncryptedJSONField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="permits.enterprise"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["enterprise", "-at"], name="enterprise_change_by_time")],
            },
        ),
        migrations.CreateModel(
            name="Material",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("requirement", models.CharField(max_length=60, verbose_name="Requirement")),
                ("original_name", models.CharField(max_length=255, verbose_name="File name")),
                ("media_type", models.CharField(max_length=100, verbose_name="Type")),
                ("size", models.PositiveBigIntegerField(verbose_name="Size")),
                ("sha256", models.CharField(max_length=64)),
                ("received_sha256", models.CharField(blank=True, max_length=64)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "facts",
                    models.JSONField(default=dict, help_text="What inspection found: pages, pixels, rows, warnings"),
                ),
                (
                    "check_state",
                    models.CharField(
                        choices=[
                            ("checking", "Being checked"),
                            ("fine", "Checked"),
                            ("refused", "Refused"),
                            ("held", "Waiting for the virus scanner"),
                        ],
                        default="checking",
                        max_length=10,
                        verbose_name="Inspection",
                    ),
                ),
                ("verdict", models.JSONField(default=dict)),
                ("checked_at", models.DateTimeField(null=True)),
                ("check_tries", models.PositiveSmallIntegerField(default=0)),
                ("check_claimed_until", models.DateTimeField(null=True)),
                ("uploaded_at", models.DateTimeField(auto_now_add=True)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "from_record",
                    models.BooleanField(
                        default=False,
                        help_text="Taken over from the enterprise's record instead of being asked for again",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="materials", to="permits.application"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "material",
                "verbose_name_plural": "materials",
                "ordering": ["position", "pk"],
                "indexes": [
                    models.Index(fields=["application", "requirement"], name="material_by_requirement"),
                    models.Index(fields=["sha256"], name="material_by_digest"),
                    models.Index(fields=["received_sha256"], name="material_by_received"),
                    models.Index(
                        condition=models.Q(("check_state__in", ["checking", "held"])),
                        fields=["uploaded_at"],
                        name="material_to_check",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("application", "requirement", "sha256"),
                        name="same_file_once_per_requirement",
                    ),
                    models.CheckConstraint(condition=models.Q(("size__gt", 0)), name="material_not_empty"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MaterialPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("thumb", "Small picture"), ("page", "Picture of a page"), ("text", "Text")],
                        max_length=10,
                    ),
                ),
                ("page", models.PositiveIntegerField(default=1)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="permits.material"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("material", "kind", "page"), name="one_part_of_a_kind_each_page")
                ],
            },
        ),
        migrations.CreateModel(
            name="MobileTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tag", models.CharField(max_length=32)),
                (
                    "application",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mobile_tags",
                        to="permits.application",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["tag", "application"], name="application_by_mobile")],
                "constraints": [models.UniqueConstraint(fields=("application", "tag"), name="one_tag_a_mobile")],
            },
        ),
        migrations.CreateModel(
            name="Permit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True, verbose_name="Number")),
                ("content", models.JSONField()),
                ("person", permits.models.fields.EncryptedJSONField(editable=False, null=True)),
                (
                    "signature",
                    models.CharField(
                        blank=True, help_text="Ed25519 over the canonical content, base64url", max_length=100
                    ),
                ),
                ("key_id", models.CharField(blank=True, max_length=16, verbose_name="Key of the signature")),
                (
                    "code",
                    models.TextField(blank=True, help_text="PP1:…, in the QR code on the print", verbose_name="Code"),
                ),
                ("pdf_sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256 of the PDF")),
                ("pdf_size", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("valid", "Valid"),
                            ("revoked", "Revoked"),
                            ("superseded", "Superseded by a renewed one"),
                        ],
                        default="valid",
                        max_length=10,
                        verbose_name="State",
                    ),
                ),
                ("issued_at", models.DateTimeField(verbose_name="Issued")),
                ("valid_until", models.DateField(null=True, verbose_name="Valid until")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="Revoked")),
                ("corrected_at", models.DateTimeField(null=True, verbose_name="Corrected")),
                ("service", models.CharField(blank=True, editable=False, max_length=50)),
                ("region", models.CharField(blank=True, editable=False, max_length=12)),
                ("uscc", models.CharField(blank=True, editable=False, max_length=18)),
                (
                    "holder_key",
                    models.CharField(blank=True, editable=False, help_text="the name, folded", max_length=500),
                ),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="permit", to="permits.application"
                    ),
                ),
                (
                    "superseded_by",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="supersedes",
                        to="permits.permit",
                        verbose_name="Permit that superseded it",
                    ),
                ),
            ],
            options={
                "verbose_name": "permit",
                "verbose_name_plural": "permits",
                "indexes": [
                    models.Index(fields=["pdf_sha256", "issued_at"], name="permit_not_yet_printed"),
                    models.Index(
                        condition=models.Q(
                            models.Q(("state", "valid"), _negated=True),
                            ("corrected_at__isnull", False),
                            _connector="OR",
                        ),
                        fields=["valid_until"],
                        name="permit_in_status_list",
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", "")), fields=["issued_at", "id"], name="register_by_time"
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", "")),
                        fields=["service", "issued_at", "id"],
                        name="register_by_service",
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", "")),
                        fields=["region", "issued_at", "id"],
                        name="register_by_region",
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", "")),
                        fields=["state", "issued_at", "id"],
                        name="register_by_state",
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", "")),
                        fields=["uscc"],
                        name="register_by_uscc",
                        opclasses=["varchar_pattern_ops"],
                    ),
                    models.Index(
                        condition=models.Q(("uscc__gt", ""), ("state", "valid")),
                        fields=["valid_until"],
                        name="register_by_end",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("uscc__gt", ""),
                            models.Q(("holder_key", ""), ("region", ""), ("service", ""), ("uscc", "")),
                            _connector="OR",
                        ),
                        name="permit_of_a_person_is_not_searched",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="application",
            name="renews",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="renewals", to="permits.permit"
            ),
        ),
        migrations.CreateModel(
            name="PermitCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.JSONField()),
                ("person", permits.models.fields.EncryptedJSONField(editable=False, null=True)),
                ("signature", models.CharField(max_length=100)),
                ("key_id", models.CharField(max_length=16)),
                ("code", models.TextField(blank=True)),
                ("pdf_sha256", models.CharField(blank=True, max_length=64)),
                ("corrected_at", models.DateTimeField(verbose_name="Corrected")),
                (
                    "corrected_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "permit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="corrections", to="permits.permit"
                    ),
                ),
            ],
            options={
                "verbose_name": "correction of a permit",
                "verbose_name_plural": "corrections of permits",
            },
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("requirement", models.CharField(max_length=60, verbose_name="Material")),
                (
                    "kind",
                    models.CharField(
                        choices=[("later", "Handed in later"), ("pledge", "Pledged")],
                        max_length=10,
                        verbose_name="Kind",
                    ),
                ),
                ("text", models.TextField(blank=True, verbose_name="Pledge")),
                ("made_at", models.DateTimeField(verbose_name="Promised")),
                ("owed_since", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True, verbose_name="Owed by")),
                ("remind_at", models.DateTimeField(null=True)),
                (
                    "reminded",
                    models.PositiveSmallIntegerField(default=0, help_text="Per cent of the time at the last reminder"),
                ),
                ("met_at", models.DateTimeField(null=True, verbose_name="Handed in")),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="promises", to="permits.application"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "promised material",
                "verbose_name_plural": "promised materials",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(condition=models.Q(("met_at", None)), fields=["due_at"], name="promise_owed"),
                    models.Index(condition=models.Q(("met_at", None)), fields=["remind_at"], name="promise_to_remind"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("application", "requirement"), name="one_promise_per_requirement"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "later"), ("text", "")),
                            models.Q(("kind", "pledge"), models.Q(("text", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_pledge_has_its_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("all_services", models.BooleanField(default=True, verbose_name="All services")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="Authorised from")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="Authorised until")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("agent", "Agent")], max_length=10, verbose_name="Role"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="Active")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="Since")),
                ("reminded_of", models.DateField(editable=False, null=True)),
                ("expired_of", models.DateField(editable=False, null=True)),
                ("document_sha256", models.CharField(blank=True, editable=False, max_length=64)),
                ("document_name", models.CharField(blank=True, editable=False, max_length=200)),
                ("document_type", models.CharField(blank=True, editable=False, max_length=100)),
                ("document_size", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="permits.enterprise"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "services",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="permits.service", verbose_name="Chosen services"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("active", True)), fields=["valid_until"], name="membership_by_end")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("enterprise", "user"), name="one_membership_each"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "owner"), _negated=True),
                            models.Q(("all_services", True), ("valid_from", None), ("valid_until", None)),
                            _connector="OR",
                        ),
                        name="owner_without_limits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from", None),
                            ("valid_until", None),
                            ("valid_until__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="authorised_in_this_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("all_services", models.BooleanField(default=True, verbose_name="All services")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="Authorised from")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="Authorised until")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="E-mail")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("agent", "Agent")],
                        default="agent",
                        max_length=10,
                        verbose_name="Role",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(verbose_name="Answer by")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="permits.enterprise"
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "services",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="permits.service", verbose_name="Chosen services"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("state", "open")), fields=["email"], name="invitation_by_email")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("enterprise", "email"),
                        name="one_open_invitation",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("edition", models.PositiveIntegerField(verbose_name="Edition")),
                ("source", models.TextField(help_text="The TOML as published")),
                ("document", models.JSONField(help_text="The checked definition")),
                ("digest", models.CharField(help_text="SHA-256 of the source", max_length=64, verbose_name="Digest")),
                ("published_at", models.DateTimeField(auto_now_add=True, verbose_name="Published")),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Published by",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="permits.service",
                        verbose_name="Service",
                    ),
                ),
            ],
            options={
                "verbose_name": "service edition",
                "verbose_name_plural": "service editions",
                "constraints": [models.UniqueConstraint(fields=("service", "edition"), name="one_edition_number_each")],
            },
        ),
        migrations.AddField(
            model_name="service",
            name="current",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="permits.serviceversion",
                verbose_name="Edition in force",
            ),
        ),
        migrations.CreateModel(
            name="EditionFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="permits.serviceversion"
                    ),
                ),
            ],
            options={
                "verbose_name": "file of an edition",
                "verbose_name_plural": "files of editions",
                "constraints": [
                    models.UniqueConstraint(fields=("version", "name"), name="one_file_of_a_name_each_edition")
                ],
            },
        ),
        migrations.AddField(
            model_name="editiondraft",
            name="base",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="permits.serviceversion",
                verbose_name="Begun with",
            ),
        ),
        migrations.AddField(
            model_name="editiondraft",
            name="published_version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="permits.serviceversion",
                verbose_name="Published as",
            ),
        ),
        migrations.AddField(
            model_name="editiondraft",
            name="scheduled_against",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="permits.serviceversion",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="applications", to="permits.serviceversion"
            ),
        ),
        migrations.CreateModel(
            name="StorageCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "night",
                    models.DateField(
                        help_text="Whose share it is; empty for a look at everything", null=True, unique=True
                    ),
                ),
                ("began_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "after",
                    models.CharField(
                        blank=True, help_text="How far a night's share has got: the last digest", max_length=64
                    ),
                ),
                ("blobs", models.PositiveBigIntegerField(default=0)),
                ("read", models.PositiveBigIntegerField(default=0, help_text="Blobs that were read to their end")),
                ("lost", models.PositiveIntegerField(default=0)),
                ("damaged", models.PositiveIntegerField(default=0)),
                ("orphans", models.PositiveIntegerField(default=0)),
                ("leftovers", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["-ended_at"], name="storage_check_latest")],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("requirement", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=255)),
                ("length", models.PositiveBigIntegerField(help_text="Bytes")),
                ("offset", models.PositiveBigIntegerField(default=0, help_text="Bytes")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("moved_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("turn", models.PositiveIntegerField(default=0)),
                ("busy", models.BooleanField(default=False)),
                (
                    "sha256",
                    models.CharField(blank=True, help_text="Of the whole, as soon as it is known", max_length=64),
                ),
                (
                    "multipart",
                    models.CharField(blank=True, help_text="S3's name for the upload in parts", max_length=1024),
                ),
                (
                    "direct",
                    models.BooleanField(default=False, help_text="The browser sends its parts to the storage itself"),
                ),
                ("parts", models.JSONField(default=list, help_text="S3's ETags of the parts that count")),
                ("finished_at", models.DateTimeField(null=True)),
                ("answer", models.JSONField(default=dict, help_text='How it ended: {"status": …, "message": …}')),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uploads", to="permits.application"
                    ),
                ),
                (
                    "material",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="permits.material"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["expires_at"], name="upload_by_end"),
                    models.Index(condition=models.Q(("finished_at", None)), fields=["user"], name="upload_under_way"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("length__gt", 0)), name="upload_not_empty"),
                    models.CheckConstraint(
                        condition=models.Q(("offset__lte", models.F("length"))), name="upload_no_longer_than_said"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="editiondraft",
            index=models.Index(
                condition=models.Q(("published_version", None)), fields=["publish_at"], name="drafts_to_publish"
            ),
        ),
        migrations.AddIndex(
            model_name="editiondraft",
            index=models.Index(fields=["-saved_at"], name="drafts_by_saved"),
        ),
        migrations.AddConstraint(
            model_name="editiondraft",
            constraint=models.CheckConstraint(
                condition=models.Q(("publish_at", None), ("scheduled_by__isnull", False), _connector="OR"),
                name="somebody_set_the_time",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["enterprise", "-created_at"], name="application_by_enterprise"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["applicant", "-created_at"], name="application_by_applicant"),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(fields=["status", "statutory_due_at"], name="application_by_limit"),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "submitted",
                            "needs_correction",
                            "corrected",
                            "in_review",
                            "approved",
                            "rejected",
                            "declined",
                            "withdrawn",
                            "lapsed",
                            "recorded",
                            "suspended",
                            "terminated",
                            "objected",
                        ],
                    )
                ),
                name="application_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["declined", "lapsed", "rejected", "terminated", "withdrawn"]), _negated=True
                ),
                fields=("renews",),
                name="one_renewal_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", None), ("status", "draft"), ("submitted_at", None)),
                    models.Q(
                        models.Q(("status", "draft"), _negated=True),
                        ("number__isnull", False),
                        ("submitted_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="application_numbered_when_submitted",
            ),
        ),
        migrations.RunPython(
            code=substrings.create_index,
            reverse_code=substrings.drop_index,
        ),
        migrations.RunPython(
            code=substrings.create_holders_index,
            reverse_code=substrings.drop_holders_index,
        ),
    ]
