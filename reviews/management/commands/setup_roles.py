"""Who runs the portal: appoint the administrators and service owners, and see who holds what. Safe to call again."""

from __future__ import annotations

from argparse import ArgumentParser
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import translation

from permits.models import User
from reviews import accounts, roles
from reviews.models import Official, RoleGrant

DUTIES = {
    roles.Role.SYSTEM_ADMIN: (
        "系统管理员",
        "makes accounts and lets them in to the review desk; keeps departments and the calendar; "
        "looks at services, notices, enterprises. Gives no rights, reads no log, sees no application",
    ),
    roles.Role.SECURITY_ADMIN: (
        "安全管理员",
        "posts officials, grants and takes back roles, activates and deactivates accounts, never their own. "
        "Makes no account, sets no password, sees no application, reads no log",
    ),
    roles.Role.AUDIT_ADMIN: ("审计管理员", "reads the audit log, and changes nothing"),
    roles.Role.SERVICE_OWNER: ("事项管理员", "looks after the services and which edition of each is in force"),
}
POSTINGS = {
    Official.Role.REVIEWER: ("审查人员", "handles the tasks of the department posted to"),
    Official.Role.SUPERVISOR: (
        "科室负责人",
        "a reviewer's, and: releases others' claims, revokes permits, follows up ratings",
    ),
}
OPTIONS = {
    "system": roles.Role.SYSTEM_ADMIN.value,
    "security": roles.Role.SECURITY_ADMIN.value,
    "audit": roles.Role.AUDIT_ADMIN.value,
    "service-owner": roles.Role.SERVICE_OWNER.value,
}
SHOWN = 10


class Command(BaseCommand):
    help = "Appoint administrators and service owners; print every role, what it may do, and who holds it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for option, role in OPTIONS.items():
            parser.add_argument(
                f"--{option}", action="append", default=[], metavar="E-MAIL", dest=role,
                help=f"make this account {role} (created if it is not there; '王芳 <wang@example.gov.cn>' names it)",
            )  # fmt: skip
        parser.add_argument(
            "--revoke-superusers", action="store_true", help="take is_superuser away, once the three are there"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(), translation.override("en"):
            new = [user for role in OPTIONS.values() for typed in options[role] if (user := self._appoint(typed, role))]
            if options["revoke_superusers"]:
                self._revoke_superusers()
        for user in dict.fromkeys(new):
            days = settings.PASSWORD_RESET_TIMEOUT // 86400
            self.stdout.write(f"{user.email} is new. To choose a password (once, within {days} days):")
            self.stdout.write(f"  {accounts.set_password_link(user)}")
        self._table()
        missing = roles.missing_administrators()
        if missing:
            self.stdout.write(f"\nNobody is {', '.join(missing)} yet.")
        left = User.objects.filter(is_superuser=True, is_active=True).count()
        if left and not missing:
            self.stdout.write(f"\n{left} active superusers are left: manage.py setup_roles --revoke-superusers")

    def _appoint(self, typed: str, role: str) -> User | None:
        """The account when it was made here."""
        name, email = parseaddr(typed)
        email = email.lower()
        user, new = User.objects.filter(email=email).first(), False
        try:
            if user is None:
                user, new = accounts.create(email, name=name, by=None), True
            accounts.open_desk(user, by=None)
            roles.grant(user, role, by=None)
        except ValidationError as error:
            raise CommandError(f"'{typed}' is not an e-mail address; nothing was changed") from error
        except roles.Refused as refusal:
            raise CommandError(f"{email} can't be {role}: {refusal} Nothing was changed.") from refusal
        return user if new else None

    def _revoke_superusers(self) -> None:
        missing = roles.missing_administrators()
        if missing:
            options = " ".join(f"--{option} E-MAIL" for option, role in OPTIONS.items() if role in missing)
            raise CommandError(
                f"the superusers stay: nobody is {', '.join(missing)} yet. Nothing was changed. Add {options}"
            )
        for user in User.objects.filter(is_superuser=True).order_by("pk"):
            accounts.revoke_superuser(user)
            self.stdout.write(f"{user.email} is no superuser any more")

    def _table(self) -> None:
        for role, (zh, duty) in DUTIES.items():
            held = RoleGrant.objects.filter(role=role).order_by("pk")
            self._row(role, zh, duty, [_shown(grant.user) for grant in held.select_related("user")[: SHOWN + 1]])
        for posting, (zh, duty) in POSTINGS.items():
            posts = Official.objects.filter(role=posting, active=True).select_related("user", "department")
            held_by = [f"{_shown(post.user)} @ {post.department.kind}:{post.department.region}"
                       for post in posts.order_by("pk")[: SHOWN + 1]]  # fmt: skip
            self._row(posting, zh, duty, held_by)

    def _row(self, role: str, zh: str, duty: str, held_by: list[str]) -> None:
        self.stdout.write(f"\n{role} {zh}\n  may   {duty}")
        more = [f"and more: see the review desk, {'Officials' if role in POSTINGS else 'Roles'}"]
        people = held_by[:SHOWN] + (more if len(held_by) > SHOWN else [])
        self.stdout.write("  held  " + "\n        ".join(people or ["by nobody"]))


def _shown(user: User) -> str:
    return f"{user.name} <{user.email}>" + ("" if user.is_active else " (deactivated)")
