"""The bureau's key in a token (an HSM, a USB key), by PKCS#11.

Who logs in there is the process, not a session: a second log-in of the same process is refused, and whoever closes a
session logs out everybody. So a process has one session, which one thread at a time uses, and it keeps it: an HSM takes
far longer to log in than to sign. A fork inherits nothing of it.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import pkcs11
from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from pkcs11 import Attribute, Mechanism, ObjectClass, PKCS11Error, TokenFlag
from pyhanko.sign.pkcs11 import PKCS11Signer
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from permits.credentials.signing_parts import NotSigned, SparingSigner

log = logging.getLogger(__name__)

KEPT = 600  # seconds; opened anew after that, so that a renewed certificate is seen without a restart
NOT_AGAIN = 24 * 3600  # seconds in which a PIN that the token refused isn't tried once more


@dataclass(frozen=True)
class Given:
    """Which token, and what in it, as the settings say."""

    module: str
    token: str  # its label; empty when there is but one
    certificate: str
    key: str
    pin: str = field(repr=False)
    chain: tuple[x509.Certificate, ...] = field(repr=False)


@dataclass(frozen=True)
class _Session:
    given: Given
    inside: PKCS11Signer
    signer: TokenSigner
    since: float


_library: Any = None  # once it is loaded
_session: _Session | None = None
_lock = RLock()


def signer(given: Given) -> TokenSigner:
    """Raise ``NotSigned`` when the token isn't there, ``ImproperlyConfigured`` when somebody has to mend something."""
    with _lock:
        return _opened(given).signer


class TokenSigner(SparingSigner):
    """With a certificate in the token, and its key, which stays there."""

    def __init__(self, given: Given, signing: x509.Certificate) -> None:
        super().__init__(signing_cert=signing)
        self.cert_registry.register_multiple([signing, *given.chain])
        self.given, self.certificate = given, signing

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        with _lock:  # nothing else waits in this event loop; pyHanko signs in a thread of its own meanwhile
            signature = await self._by_the_token(data, digest_algorithm)
        self._check(signature, data, digest_algorithm)
        return signature

    async def _by_the_token(self, data: bytes, digest_algorithm: str) -> bytes:
        """Once more in a new session when the one that was kept doesn't do any more."""
        try:
            return bytes(await self._inside().async_sign_raw(data, digest_algorithm))
        except PKCS11Error as error:
            log.warning("the token doesn't sign (%s): its session is opened anew", _named(error))
        _forget()
        try:
            return bytes(await self._inside().async_sign_raw(data, digest_algorithm))
        except PKCS11Error as error:
            _forget()
            raise NotSigned(f"the token doesn't sign: {_named(error)}") from error

    def _inside(self) -> PKCS11Signer:
        session = _opened(self.given)
        if session.signer.certificate.dump() != self.certificate.dump():  # the signature names the other one by now
            raise NotSigned("the certificate in the token was changed a moment ago")
        return session.inside

    def _check(self, signature: bytes, data: bytes, digest_algorithm: str) -> None:
        """Nobody but the labels says that the key is that of the certificate."""
        public = load_der_public_key(self.certificate.public_key.dump())
        digest = get_pyca_cryptography_hash(digest_algorithm)
        try:
            if isinstance(public, RSAPublicKey):
                public.verify(signature, data, PKCS1v15(), digest)
            elif isinstance(public, EllipticCurvePublicKey):
                public.verify(signature, data, ECDSA(digest))
        except InvalidSignature as error:
            raise ImproperlyConfigured(
                f"PERMIT_PKCS11_KEY: the key '{self.given.key}' isn't that of the certificate '{self.given.certificate}'"
            ) from error


# --- The session of this process --------------------------------------------------------------------------------------
def _opened(given: Given) -> _Session:
    """The one that is kept, or a new one: tried twice, as a library may hold on to a token that was away meanwhile."""
    global _session
    if _session and _session.given == given and time.monotonic() - _session.since < KEPT:
        return _session
    _forget()
    try:
        try:
            _session = _new(given)
        except (PKCS11Error, NotSigned):
            _forget()
            _session = _new(given)
    except PKCS11Error as error:
        raise NotSigned(f"the token doesn't answer: {_named(error)}") from error
    finally:
        if _session is None:
            _forget()  # nothing is left half open
    return _session


def _new(given: Given) -> _Session:
    token = _find(_loaded(given.module), given.token)
    session = _logged_in(token, given)
    signing = x509.Certificate.load(_only(session, ObjectClass.CERTIFICATE, given.certificate)[Attribute.VALUE])
    _only(session, ObjectClass.PRIVATE_KEY, given.key)
    # Not every token makes the digest too.
    bare = signing.public_key.algorithm == "ec" and Mechanism.ECDSA_SHA256 not in token.slot.get_mechanisms()
    inside = PKCS11Signer(session, signing_cert=signing, key_label=given.key, use_raw_mechanism=bare)
    return _Session(given, inside, TokenSigner(given, signing), time.monotonic())


def _loaded(module: str) -> Any:
    global _library
    try:
        _library = pkcs11.lib(module)
    except PKCS11Error as error:
        if type(error) is not PKCS11Error:  # it was loaded, and says itself what is wrong
            raise
        raise ImproperlyConfigured(
            f"PERMIT_PKCS11_MODULE: {module} can't be loaded. Install the library that came with the token "
            f"(SoftHSM: apt-get install softhsm2). {error}"
        ) from error
    return _library


def _forget() -> None:
    """Log out and close everything; of a fork, leave what its parent opened."""
    global _library, _session
    _session = None
    if _library is not None:
        with suppress(PKCS11Error):
            _library.finalize()
        _library = None


def _after_fork() -> None:
    global _lock, _session
    _lock, _session = RLock(), None


os.register_at_fork(after_in_child=_after_fork)


# --- What can be wrong ------------------------------------------------------------------------------------------------
def _find(library: Any, label: str) -> Any:
    tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
    there = [token for token in tokens if TokenFlag.TOKEN_INITIALIZED in token.flags]
    found = [token for token in there if label in {"", token.label}]
    labels = ", ".join(f"'{token.label}'" for token in there) or "none"
    if len(found) > 1:
        raise ImproperlyConfigured(f"PERMIT_PKCS11_TOKEN: say which token it is; there are {labels}")
    if not found:
        wanted = f"the token '{label}' (PERMIT_PKCS11_TOKEN)" if label else "the token"
        raise NotSigned(f"{wanted} isn't there: plug it in, or start the HSM. Tokens that are there: {labels}")
    return found[0]


def _only(session: Any, kind: ObjectClass, label: str) -> Any:
    found = list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label}))
    if len(found) == 1:
        return found[0]
    setting, what = {
        ObjectClass.CERTIFICATE: ("PERMIT_PKCS11_CERTIFICATE", "certificate"),
        ObjectClass.PRIVATE_KEY: ("PERMIT_PKCS11_KEY", "private key"),
    }[kind]
    if found:
        raise ImproperlyConfigured(
            f"{setting}: the token holds {len(found)} of the label '{label}'; delete what is old, or rename it"
        )
    labels = sorted({str(each[Attribute.LABEL]) for each in session.get_objects({Attribute.CLASS: kind})})
    there = ", ".join(f"'{each}'" for each in labels) or "none"
    raise ImproperlyConfigured(f"{setting}: the token holds no {what} of the label '{label}'. It holds: {there}")


def _logged_in(token: Any, given: Given) -> Any:
    """Each wrong PIN counts, and after a few of them the token locks: none is tried again and again."""
    if TokenFlag.USER_PIN_LOCKED in token.flags:
        raise ImproperlyConfigured(f"the token '{token.label}' is locked after wrong PINs: unlock it with its SO PIN")
    if not given.pin and TokenFlag.LOGIN_REQUIRED in token.flags:
        raise ImproperlyConfigured("PERMIT_PKCS11_PIN: the token has a PIN; set it, or PERMIT_PKCS11_PIN_FILE")
    if TokenFlag.USER_PIN_FINAL_TRY in token.flags:
        raise ImproperlyConfigured(
            f"PERMIT_PKCS11_PIN: one more wrong PIN would lock the token '{token.label}', so it isn't tried. "
            "Log in once by hand with the right one (pkcs11-tool --login --list-objects)"
        )
    if _was_refused(given):
        raise ImproperlyConfigured(_refused_pin(token))
    try:
        return token.open(user_pin=given.pin or None)
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        _remember_refused(given)
        raise ImproperlyConfigured(_refused_pin(token)) from error


def _refused_pin(token: Any) -> str:
    return (
        f"PERMIT_PKCS11_PIN: the token '{token.label}' refuses the PIN. Set the right one; this one isn't tried again "
        "for a day, so that the token doesn't lock"
    )


def _was_refused(given: Given) -> bool:
    """By any process; when the cache doesn't answer, the token's own count has to do."""
    with suppress(Exception):
        return bool(cache.get(_called(given)))
    return False


def _remember_refused(given: Given) -> None:
    with suppress(Exception):
        cache.set(_called(given), 1, NOT_AGAIN)


def _called(given: Given) -> str:
    """A PIN has few digits: with the secret key in it, nobody finds it by trying all of them."""
    said = "\0".join((given.module, given.token, given.pin))
    return f"pin-refused:{salted_hmac('permits.credentials.token', said, algorithm='sha256').hexdigest()}"


def _named(error: PKCS11Error) -> str:
    return f"{type(error).__name__} {error}".strip()
