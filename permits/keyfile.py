"""An Ed25519 key in a file, and the public halves of those that came before it.

A setting names the file (PEM, PKCS#8, mode 0600). Beside it, ``old/*.pub.pem`` are the public keys of rotated ones, for
ever: without them what they signed can't be verified. A key's id is taken from the key, never from a file's name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def key_id(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


@dataclass(frozen=True)
class KeyFile:
    """The key that the setting of that name points to. ``command`` makes it; ``signs`` says in words what it signs."""

    setting: str
    command: str
    signs: str

    @property
    def path(self) -> Path:
        return Path(getattr(settings, self.setting))

    @property
    def old(self) -> Path:
        return self.path.parent / "old"

    def signing_key(self) -> Ed25519PrivateKey:
        """The key to sign with. The embedded portal makes it at first need; elsewhere ops does."""
        path = self.path
        try:
            return _private_key(path, path.stat().st_mtime_ns, self.setting)
        except FileNotFoundError:
            if not settings.EMBEDDED:
                raise ImproperlyConfigured(
                    f"{self.setting}: there is no key at {path}, so no {self.signs} can be signed. "
                    f"Make one with `python manage.py {self.command}`, or point {self.setting} at yours."
                ) from None
        except OSError as error:
            raise ImproperlyConfigured(f"{self.setting}: {path} can't be read: {error.strerror}") from error
        self.make()
        return _private_key(path, path.stat().st_mtime_ns, self.setting)

    def present(self) -> Ed25519PublicKey | None:
        """The public half of the key in use; looking for it never makes a key."""
        path = self.path
        with suppress(OSError, ImproperlyConfigured):
            return _private_key(path, path.stat().st_mtime_ns, self.setting).public_key()
        return None

    def earlier(self) -> dict[str, Ed25519PublicKey]:
        """The public keys of those rotated away, by their ids."""
        with suppress(OSError):
            return _old_keys(self.old, self.old.stat().st_mtime_ns)
        return {}

    def public_key(self, wanted: str) -> Ed25519PublicKey | None:
        """The public key of that id, present or past."""
        present = self.present()
        return present if present and key_id(present) == wanted else self.earlier().get(wanted)

    def make(self) -> str:
        """Make the key unless there is one, and return its id. Of several processes at once, one makes it."""
        path = self.path
        with alone(path, self.setting):
            if path.exists():
                return key_id(_read_private(path, self.setting).public_key())
            return _write_new(path)

    def rotate(self) -> tuple[str, str]:
        """Put a new key in the place of the present one; return the ids of the old and of the new one.

        The old public key is kept before the new key appears, so that at no moment what it signed can't be verified.
        The old private key is gone afterwards: nobody can sign with it again.
        """
        path = self.path
        with alone(path, self.setting):
            if not path.exists():
                raise ImproperlyConfigured(
                    f"there is no key at {path} to rotate: run `python manage.py {self.command}`"
                )
            old = _read_private(path, self.setting).public_key()
            self._keep(old)
            return key_id(old), _write_new(path)

    def keep(self, public: Ed25519PublicKey) -> Path:
        """Keep the public half of a key that is no file's, such as one of a KMS; return where."""
        with alone(self.path, self.setting):
            return self._keep(public)

    def _keep(self, public: Ed25519PublicKey) -> Path:
        self.old.mkdir(mode=0o755, exist_ok=True)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_whole(self.old / f"{key_id(public)}.pub.pem", pem, mode=0o644)
        return self.old / f"{key_id(public)}.pub.pem"


@lru_cache(maxsize=8)
def _private_key(path: Path, _changed: int, setting: str) -> Ed25519PrivateKey:
    return _read_private(path, setting)


def _read_private(path: Path, setting: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(f"{setting}: {path} is no unencrypted PEM private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"{setting}: {path} holds a key of another kind; Ed25519 is needed")
    return key


@lru_cache(maxsize=8)
def _old_keys(folder: Path, _changed: int) -> dict[str, Ed25519PublicKey]:
    found = {}
    for path in sorted(folder.glob("*.pub.pem")):
        with suppress(ValueError, UnsupportedAlgorithm, OSError):
            key = load_pem_public_key(path.read_bytes())
            if isinstance(key, Ed25519PublicKey):
                found[key_id(key)] = key
    return found


def _write_new(path: Path) -> str:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(path, pem, mode=0o600)
    return key_id(key.public_key())


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Whole or not at all: written beside, forced to disk, then moved into place."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def alone(path: Path, setting: str) -> Iterator[None]:
    """Hold the folder's lock, which other processes and threads wait for."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.parent / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ImproperlyConfigured(f"{setting}: no key can be made in {path.parent}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
