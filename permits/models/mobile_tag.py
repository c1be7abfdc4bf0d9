"""By the last four digits of a mobile its owner is found again, without the digits being stored."""

from __future__ import annotations

from django.db import models

from permits.models.application import Application


class MobileTag(models.Model):
    """A keyed digest of the last four digits of a mobile of an application: see ``permits.mobiles``."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="mobile_tags", db_index=False)
    tag = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "tag"], name="one_tag_a_mobile")]
        indexes = [models.Index(fields=["tag", "application"], name="application_by_mobile")]

    def __str__(self) -> str:
        return self.tag
