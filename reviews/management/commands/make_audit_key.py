"""manage.py make_audit_key [--rotate | --keep]: the key that signs the audit log's checkpoints."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviews.audit import checkpoints, signing


class Command(BaseCommand):
    help = "Make the Ed25519 key that signs checkpoints, at AUDIT_KEY_FILE. One that is there stays without --rotate."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--rotate", action="store_true", help="put a new key in its place; the old public key stays")
        which.add_argument(
            "--keep", action="store_true",
            help="keep the public key of AUDIT_SIGNER in old/, before its KMS gets another one",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["rotate"]:
                old, new = signing.KEY.rotate()
                self.stdout.write(f"Rotated: {new} signs from now on ({signing.KEY.path}).")
                self.stdout.write(f"Checkpoints of {old} stay good while old/{old}.pub.pem is kept: back it up.")
            elif options["keep"]:
                self.stdout.write(f"Kept: {self._keep()}. Back it up.")
            else:
                existed = signing.KEY.path.exists()
                made = signing.KEY.make()
                word = "There is a key already, nothing changed" if existed else "Made"
                self.stdout.write(
                    f"{word}: {made} ({signing.KEY.path}, mode 0600). Back it up where only ops can read it."
                )
            keys = checkpoints.verifier_keys()
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Verifier keys, for whoever checks a checkpoint:")
        self.stdout.write("\n".join(keys))

    def _keep(self) -> str:
        public = signing.signer().public_key()
        if public is None:
            raise CommandError("the signer has no public key to keep")
        return str(signing.KEY.keep(Ed25519PublicKey.from_public_bytes(public)))
