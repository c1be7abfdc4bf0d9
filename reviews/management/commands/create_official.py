"""Create an official: the account, the department if it is new, and the posting."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import translation

from permits.codes import regions
from permits.models import User
from reviews import accounts, roles
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
        password = options["password"] or secrets.token_urlsafe(12)
        role = Official.Role.SUPERVISOR if options["supervisor"] else Official.Role.REVIEWER
        user, new = User.objects.filter(email=email).first(), False
        try:
            with translation.override("en"):
                if user is None:
                    user, new = accounts.create(email, name=options["name"], by=None, password=password), True
                accounts.open_desk(user, by=None)
                roles.post(user, department, role, by=None)
        except roles.Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        if new and not options["password"]:
            self.stdout.write(f"password (shown this once): {password}")
        self.stdout.write(f"{user.name} <{email}> is {role} of {department.name_zh} ({department.kind}, {region})")
