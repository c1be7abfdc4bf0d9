"""An edition that is being written: its TOML and its files, who wrote it last, and when it is to be published."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models.service import Service, ServiceVersion


class EditionDraft(models.Model):
    """The text is the truth, right or wrong. Without a ``service`` it is the first edition of a new one."""

    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="drafts")
    base = models.ForeignKey(
        ServiceVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Begun with")
    )
    source = models.TextField(help_text="TOML, as it was typed last")
    # Counts every save: who publishes or writes over the whole text names the one they saw.
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField(_("Saved"))
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("Saved by")
    )
    # A time set: what was looked at then (the edition in force), and who set it.
    publish_at = models.DateTimeField(_("To be published"), null=True, blank=True)
    scheduled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    scheduled_against = models.ForeignKey(ServiceVersion, models.PROTECT, null=True, blank=True, related_name="+")
    # The time came, and it was not published.
    refused_at = models.DateTimeField(_("Not published"), null=True, blank=True)
    refused_reason = models.JSONField(default=dict, blank=True, help_text="In both languages")
    published_version = models.ForeignKey(
        ServiceVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Published as")
    )

    class Meta:
        verbose_name = _("draft edition")
        verbose_name_plural = _("draft editions")
        constraints = [
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(scheduled_by__isnull=False), name="somebody_set_the_time"
            ),
        ]
        indexes = [
            models.Index(fields=["publish_at"], condition=Q(published_version=None), name="drafts_to_publish"),
            models.Index(fields=["-saved_at"], name="drafts_by_saved"),
        ]

    def __str__(self) -> str:
        return _("%(service)s, draft %(number)s") % {"service": self.service or _("New service"), "number": self.pk}

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.source = self.source.replace("\0", "")  # PostgreSQL has no place for it, and TOML neither
        super().save(*args, **kwargs)

    @property
    def scheduled(self) -> bool:
        return self.publish_at is not None and self.published_version_id is None

    @property
    def open(self) -> bool:
        """It can be changed: it was neither published, nor is a time set for the text as it stands."""
        return self.published_version_id is None and self.publish_at is None


class EditionDraftFile(models.Model):
    """A form to download, or a picture of a good document, that was uploaded for a draft; its bytes are in the storage."""

    draft = models.ForeignKey(EditionDraft, models.CASCADE, related_name="files")
    name = models.CharField(max_length=100)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        verbose_name = _("file of a draft edition")
        verbose_name_plural = _("files of draft editions")
        constraints = [models.UniqueConstraint(fields=["draft", "name"], name="one_file_of_a_name_each_draft")]

    def __str__(self) -> str:
        return self.name
