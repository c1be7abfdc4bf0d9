"""Create an official: the account, the department if it is new, and the posting."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from permits.codes import regions
from permits.models import User
from reviews.models import Department, Official


class Command(BaseCommand):
    help = "Create (or post) an official: create_official E-MAIL --name 王芳 --department health --region 360924"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--department", required=True, help="kind, as service definitions name it: street, health …"
        )
        parser.add_argument("--region", required=True, help="GB/T 2260 code")
        parser.add_argument("--supervisor", action="store_true")
        parser.add_argument("--department-name", nargs=2, metavar=("ZH", "EN"), help="needed for a new department")
        parser.add_argument("--password", help="made and printed once when left out")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email, region = options["email"].lower(), options["region"]
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address") from error
        if regions.get(region) is None:
            raise CommandError(f"{region} is not a GB/T 2260 region code")
        department = Department.objects.filter(kind=options["department"], region=region).first()
        if department is None:
            if not options["department_name"]:
                raise CommandError(
                    f"there is no department '{options['department']}' for {regions.full_name(region)}: "
                    "add --department-name 中文名 'English name' to create it"
                )
            zh, en = options["department_name"]
            department = Department.objects.create(kind=options["department"], region=region, name_zh=zh, name_en=en)
        user = User.objects.filter(email=email).first()
        if user is None:
            password = options["password"] or secrets.token_urlsafe(12)
            user = User.objects.create_user(email, password, name=options["name"])
            if not options["password"]:
                self.stdout.write(f"password (shown this once): {password}")
        User.objects.filter(pk=user.pk).update(is_staff=True)
        EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
        role = Official.Role.SUPERVISOR if options["supervisor"] else Official.Role.REVIEWER
        Official.objects.update_or_create(user=user, department=department, defaults={"role": role, "active": True})
        self.stdout.write(f"{user.name} <{email}> is {role} of {department.name_zh} ({department.kind}, {region})")
