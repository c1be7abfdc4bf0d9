"""The Ed25519 key that signs permits, and the public halves of those that came before it.

``PERMIT_KEY_FILE`` holds the key (PEM, PKCS#8, mode 0600). Beside it, ``old/*.pub.pem`` are the public keys of rotated
ones, for ever: without them the permits they signed can't be verified. A key's id is taken from the key, never from a
file's name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


def signing_key() -> Ed25519PrivateKey:
    """The key to sign with. The embedded portal makes it at first need; elsewhere ops does."""
    path = key_file()
    try:
        return _private_key(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        if not settings.EMBEDDED:
            raise ImproperlyConfigured(
                f"PERMIT_KEY_FILE: there is no key at {path}, so no permit can be signed. "
                "Make one with `python manage.py make_permit_key`, or point PERMIT_KEY_FILE at yours."
            ) from None
    except OSError as error:
        raise ImproperlyConfigured(f"PERMIT_KEY_FILE: {path} can't be read: {error.strerror}") from error
    make_key()
    return _private_key(path, path.stat().st_mtime_ns)


def public_key(wanted: str) -> Ed25519PublicKey | None:
    """The public key of that id, present or past; looking for it never makes a key."""
    path = key_file()
    with suppress(OSError, ImproperlyConfigured):
        present = _private_key(path, path.stat().st_mtime_ns).public_key()
        if key_id(present) == wanted:
            return present
    with suppress(OSError):
        return _old_keys(_old_folder(path), _old_folder(path).stat().st_mtime_ns).get(wanted)
    return None


def make_key() -> str:
    """Make the key unless there is one, and return its id. Of several processes at once, one makes it."""
    path = key_file()
    with _alone(path):
        if path.exists():
            return key_id(_read_private(path).public_key())
        return _write_new(path)


def rotate_key() -> tuple[str, str]:
    """Put a new key in the place of the present one; return the ids of the old and of the new one.

    The old public key is kept before the new key appears, so that at no moment a permit can't be verified. The old
    private key is gone afterwards: nobody can sign with it again.
    """
    path = key_file()
    with _alone(path):
        if not path.exists():
            raise ImproperlyConfigured(f"there is no key at {path} to rotate: run `python manage.py make_permit_key`")
        old = _read_private(path).public_key()
        folder = _old_folder(path)
        folder.mkdir(mode=0o755, exist_ok=True)
        pem = old.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(folder / f"{key_id(old)}.pub.pem", pem, mode=0o644)
        return key_id(old), _write_new(path)


def key_file() -> Path:
    return Path(settings.PERMIT_KEY_FILE)


def _old_folder(path: Path) -> Path:
    return path.parent / "old"


@lru_cache(maxsize=4)
def _private_key(path: Path, _changed: int) -> Ed25519PrivateKey:
    return _read_private(path)


def _read_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(f"PERMIT_KEY_FILE: {path} is no unencrypted PEM private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"PERMIT_KEY_FILE: {path} holds a key of another kind; permits need Ed25519")
    return key


@lru_cache(maxsize=4)
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
    _write(path, pem, mode=0o600)
    return key_id(key.public_key())


def _write(path: Path, content: bytes, *, mode: int) -> None:
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
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder's lock, which other processes and threads wait for."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.parent / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ImproperlyConfigured(f"PERMIT_KEY_FILE: no key can be made in {path.parent}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
