"""manage.py make_permit_key [--rotate]: the key that signs permits."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.credentials import keys


class Command(BaseCommand):
    help = "Make the Ed25519 key that signs permits, at PERMIT_KEY_FILE. One that is there stays without --rotate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rotate",
            action="store_true",
            help="put a new key in its place; the old public key goes to old/, for good",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = keys.KEY.path
        try:
            if options["rotate"]:
                old, new = keys.KEY.rotate()
                self.stdout.write(f"Rotated: permits are signed with {new} from now on ({path}).")
                self.stdout.write(f"Permits signed with {old} stay good while old/{old}.pub.pem is kept: back it up.")
                return
            existed = path.exists()
            key_id = keys.KEY.make()
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        word = "There is a key already, nothing changed" if existed else "Made"
        self.stdout.write(f"{word}: {key_id} ({path}, mode 0600). Back it up where only ops can read it.")
