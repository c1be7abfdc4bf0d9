"""A service, and its published editions, which never change."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from permits.definition import Definition, of_edition


class Service(models.Model):
    """Something one can apply for (政务服务事项). What it is stands in its editions."""

    slug = models.SlugField(_("Short name"), unique=True)
    current = models.ForeignKey("ServiceVersion", models.PROTECT, null=True, related_name="+", verbose_name=_("Edition in force"))
    open = models.BooleanField(_("Open for new applications"), default=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.slug

    @property
    def definition(self) -> Definition:
        if self.current is None:
            raise LookupError(f"service {self.slug} has no published edition: manage.py publish_service")
        return self.current.definition


class ServiceVersion(models.Model):
    """An edition (事项版本). Immutable: an application keeps the edition it was started with."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="versions", verbose_name=_("Service"))
    edition = models.PositiveIntegerField(_("Edition"))
    source = models.TextField(help_text="The TOML as published")
    document = models.JSONField(help_text="The checked definition")
    digest = models.CharField(_("Digest"), max_length=64, help_text=_("SHA-256 of the source"))
    published_at = models.DateTimeField(_("Published"), auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("Published by")
    )

    class Meta:
        verbose_name = _("service edition")
        verbose_name_plural = _("service editions")
        constraints = [models.UniqueConstraint(fields=["service", "edition"], name="one_edition_number_each")]

    def __str__(self) -> str:
        return f"{self.service} v{self.edition}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("a published edition never changes: publish another one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a published edition is never deleted: applications stand on it")

    @cached_property
    def definition(self) -> Definition:
        return of_edition(self.digest, lambda: self.document)


class EditionFile(models.Model):
    """A form to download, or a picture of a good document, as it was when the edition that names it was published."""

    version = models.ForeignKey(ServiceVersion, models.PROTECT, related_name="files")
    name = models.CharField(max_length=100)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        verbose_name = _("file of an edition")
        verbose_name_plural = _("files of editions")
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="one_file_of_a_name_each_edition")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("a published edition never changes, nor do its files: publish another one")
        super().save(*args, **kwargs)
