"""manage.py make_dev_ca [--renew] [--force]: a certificate to sign permits with, from an authority of one's own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.credentials import dev_ca


class Command(BaseCommand):
    help = (
        "Make a root, an intermediate and the bureau's signing certificate at PERMIT_PKCS12, to try it out and for tests. "
        "Nobody outside trusts them. One that is there stays without --renew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew", action="store_true", help="put a new one in its place; what was signed stays good"
        )
        parser.add_argument("--force", action="store_true", help="in production too, where it is refused otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED and not options["force"]:
            raise CommandError(
                "This is production: sign with the certificate that the bureau has from a real authority "
                "(PERMIT_PKCS12 or PERMIT_PKCS11_MODULE). Nobody outside trusts one made here; --force makes it all the same."
            )
        path, passphrase = settings.PERMIT_PKCS12, settings.PERMIT_PKCS12_PASSPHRASE_FILE
        if settings.PERMIT_PKCS12_PASSPHRASE:
            raise CommandError("PERMIT_PKCS12_PASSPHRASE is set: it would not open what is made here. Unset it first.")
        try:
            made = dev_ca.make(path, passphrase, settings.PERMIT_TRUST, renew=options["renew"])
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        if not made:
            self.stdout.write(f"There is one already, nothing changed: {path} (--renew makes another)")
            return
        self.stdout.write(f"Made: {path}, its passphrase in {passphrase} (both mode 0600)")
        self.stdout.write(
            f"The root that a check trusts: {settings.PERMIT_TRUST}/roots. Keep that folder for good: back it up."
        )
