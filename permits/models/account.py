"""An account: a person, by e-mail address and, when given, mobile number."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from permits.models.fields import EncryptedTextField
from permits.secrets import blind_index


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One person. What they may do comes from memberships (permits) and postings (reviews), not from flags here."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("E-mail"), unique=True)
    name = models.CharField(_("Name"), max_length=80)
    mobile = EncryptedTextField(_("Mobile"), blank=True)
    mobile_index = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 (unique, so none is NULL)
    language = models.CharField(_("Language"), max_length=10, default="zh-hans")
    # By which channels they are told of what, where that differs from the default: see ``reviews.notices.choosing``.
    notice_choices = models.JSONField(default=dict, blank=True, editable=False)
    # How often every other session was ended: it is part of what a session proves itself by.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)
    is_staff = models.BooleanField(_("May enter the review desk"), default=False)
    is_active = models.BooleanField(_("Active"), default=True)
    date_joined = models.DateTimeField(_("Joined"), default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_whatever_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        if not self.sessions_ended:
            return super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        value = f"{self.password}:{self.sessions_ended}"
        return salted_hmac("portal.session", value, secret=secret, algorithm="sha256").hexdigest()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.mobile_index = blind_index(self.mobile) if self.mobile else None
        super().save(*args, **kwargs)
