"""The issued outcome (电子证照 / 备案回执), and the serial numbers of what the portal numbers."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models.application import Application
from permits.models.fields import EncryptedJSONField

LISTED = models.Q(uscc__gt="")  # it has an enterprise for a holder, so the public register may name it


class Permit(models.Model):
    class State(models.TextChoices):
        VALID = "valid", _("Valid")
        REVOKED = "revoked", _("Revoked")
        SUPERSEDED = "superseded", _("Superseded by a renewed one")

    application = models.OneToOneField(Application, models.PROTECT, related_name="permit")
    number = models.CharField(_("Number"), max_length=40, unique=True)
    # What was decided, as it was decided: signed, shown on the verify page, and set in the PDF.
    content = models.JSONField()
    # Of a pass: who holds it (``permits.credentials.passes``). The content has their name masked, and a digest of this.
    person = EncryptedJSONField(null=True, editable=False)
    signature = models.CharField(max_length=100, blank=True, help_text="Ed25519 over the canonical content, base64url")
    key_id = models.CharField(_("Key of the signature"), max_length=16, blank=True)
    code = models.TextField(_("Code"), blank=True, help_text="PP1:…, in the QR code on the print")
    pdf_sha256 = models.CharField(_("SHA-256 of the PDF"), max_length=64, blank=True)
    pdf_size = models.PositiveIntegerField(default=0)
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.VALID)
    issued_at = models.DateTimeField(_("Issued"))
    valid_until = models.DateField(_("Valid until"), null=True)
    revoked_at = models.DateTimeField(_("Revoked"), null=True)
    superseded_by = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="supersedes", verbose_name=_("Permit that superseded it")
    )
    corrected_at = models.DateTimeField(_("Corrected"), null=True)
    # What the public register searches by, out of the content (``permits.credentials.listing``): empty where the holder is a person.
    service = models.CharField(max_length=50, blank=True, editable=False)
    region = models.CharField(max_length=12, blank=True, editable=False)
    uscc = models.CharField(max_length=18, blank=True, editable=False)
    holder_key = models.CharField(max_length=500, blank=True, editable=False, help_text="the name, folded")

    class Meta:
        verbose_name = _("permit")
        verbose_name_plural = _("permits")
        indexes = [
            models.Index(fields=["pdf_sha256", "issued_at"], name="permit_not_yet_printed"),
            models.Index(
                fields=["valid_until"],
                condition=~models.Q(state="valid") | models.Q(corrected_at__isnull=False),
                name="permit_in_status_list",
            ),
            models.Index(fields=["issued_at", "id"], condition=LISTED, name="register_by_time"),
            models.Index(fields=["service", "issued_at", "id"], condition=LISTED, name="register_by_service"),
            models.Index(fields=["region", "issued_at", "id"], condition=LISTED, name="register_by_region"),
            models.Index(fields=["state", "issued_at", "id"], condition=LISTED, name="register_by_state"),
            models.Index(
                fields=["uscc"], condition=LISTED, name="register_by_uscc", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(fields=["valid_until"], condition=LISTED & models.Q(state="valid"), name="register_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=LISTED | models.Q(uscc="", service="", region="", holder_key=""),
                name="permit_of_a_person_is_not_searched",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def in_force(self) -> bool:
        """Neither revoked nor renewed, and its last day is not over. Whether it is genuine, ``credentials.check`` says."""
        return self.state == self.State.VALID and (self.valid_until is None or self.valid_until >= timezone.localdate())


class PermitCorrection(models.Model):
    """勘误: what a permit said, signed, before a slip in it was put right. Its number stays; earlier prints are void."""

    permit = models.ForeignKey(Permit, models.PROTECT, related_name="corrections")
    content = models.JSONField()
    person = EncryptedJSONField(null=True, editable=False)
    signature = models.CharField(max_length=100)
    key_id = models.CharField(max_length=16)
    code = models.TextField(blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    corrected_at = models.DateTimeField(_("Corrected"))
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("correction of a permit")
        verbose_name_plural = _("corrections of permits")

    def __str__(self) -> str:
        return f"{self.permit} · {self.corrected_at:%Y-%m-%d}"


class Serial(models.Model):
    """The last serial number given out in one scope, such as one region on one day."""

    scope = models.CharField(max_length=80, unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.scope}: {self.last}"


# One statement, the same on both engines; the ORM has no INSERT that adds to what is there.
NEXT = """
INSERT INTO permits_serial (scope, last) VALUES (%s, 1)
ON CONFLICT (scope) DO UPDATE SET last = permits_serial.last + 1 RETURNING last
"""


def next_serial(scope: str) -> int:
    """Give out the next number of ``scope``: 1, 2, 3 …; call it inside a transaction.

    The row stays locked until that transaction ends, so a number is neither given twice nor lost: when the
    transaction fails, the number goes to the next one.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [scope])
        (last,) = cursor.fetchone()
    return int(last)
