"""One signed POST to somebody else's server, and to no server that they should not reach through us.

Signed as Standard Webhooks has it: HMAC-SHA256 over ``ID.TIMESTAMP.BODY``, base64, ``v1,`` before each signature. The
name is resolved once, every address it has must be public, and the connection goes to the address that was looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

PREFIX = "whsec_"
CONNECT, SILENCE = 5, 10  # seconds: to be let in, and without a byte
DEADLINE = 20.0  # seconds for all of it: whoever sends a byte now and then is never silent
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Public by the registry, yet they lead to an IPv4 address that is written in them: NAT64 and 6to4.
INTO_IPV4 = tuple(ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))


class NotAllowed(Exception):
    """The address is none that may be sent to; the message says why, in English, for operators."""


class Unanswered(Exception):
    """No connection, or no answer in time."""


@dataclass(frozen=True)
class Answer:
    status: int
    retry_after: str | None


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def signatures(keys: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """One for each secret, with spaces between. Raise ``ValueError`` for what is no secret."""
    text = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mac(key, text)}" for key in keys)


def post(url: str, keys: Iterable[str], message_id: str, body: str, *, deadline: float = DEADLINE) -> Answer:
    """Raise ``NotAllowed`` or ``Unanswered``; redirects are answers like others, and nobody reads an answer's words.

    ``deadline``: seconds after which the connection is cut, whatever is under way.
    """
    content, timestamp = body.encode(), int(time.time())
    headers = {
        "Host": urlsplit(url).netloc, "Content-Type": "application/json", "User-Agent": "permit-portal-webhooks/1",
        "webhook-id": message_id, "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(keys, message_id, timestamp, content),
    }  # fmt: skip
    check(url)
    parts = urlsplit(url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with (
            socket.create_connection(_resolved(host, parts.port or (443 if secure else 80)), CONNECT) as bare,
            _cut_after(deadline, bare), _spoken_to(bare, host, secure=secure) as connection,
        ):  # fmt: skip
            connection.request("POST", path, content, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers.get("Retry-After"))
    except (http.client.HTTPException, OSError) as error:
        raise Unanswered(type(error).__name__) from error


def check(url: str) -> None:
    """Whether an address may be sent to, without asking for its name. Raise ``NotAllowed``."""
    parts = urlsplit(url)
    private = settings.WEBHOOK_ALLOW_PRIVATE
    if not url.isascii() or not url.isprintable() or " " in url:
        raise NotAllowed("the address is not written in plain ASCII")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise NotAllowed("only https is sent to")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise NotAllowed("the address names a host, and nobody's password")
    try:
        _port = parts.port
    except ValueError:
        raise NotAllowed("the address has no such port") from None
    if not private and (literal := _literal(parts.hostname)):
        _public(literal)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@contextmanager
def _cut_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Cut the connection then. Raise ``Unanswered`` if it was: half an answer can look like a whole one."""
    cut = threading.Event()
    held = connection.dup()  # the same connection, whatever TLS makes of the socket meanwhile

    def end() -> None:
        cut.set()
        with suppress(OSError):  # it is over
            held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (http.client.HTTPException, OSError):
        if not cut.is_set():
            raise
    finally:
        timer.cancel()
        timer.join()
        held.close()
    if cut.is_set():
        raise Unanswered(f"no whole answer within {seconds:g} s")


@contextmanager
def _spoken_to(bare: socket.socket, host: str, *, secure: bool) -> Iterator[http.client.HTTPConnection]:
    """HTTP over the connection; with TLS for ``host``, the name that the certificate has to be for."""
    bare.settimeout(SILENCE)
    spoken, port = bare, bare.getpeername()[1]
    if secure:
        context = ssl.create_default_context(cafile=settings.WEBHOOK_CA_FILE or None)
        spoken = context.wrap_socket(bare, server_hostname=host)
    with spoken, closing(http.client.HTTPConnection(host, port)) as connection:
        connection.sock = spoken
        yield connection


def _resolved(host: str, port: int) -> tuple[str, int]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unanswered(f"the name {host} is not found") from error
    addresses = list(dict.fromkeys(str(address[0]) for *_rest, address in found))
    if not settings.WEBHOOK_ALLOW_PRIVATE:
        for one in addresses:
            _public(ipaddress.ip_address(one.partition("%")[0]))
    return addresses[0], port


def _public(address: Address) -> None:
    inside = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    led = any(address in net for net in INTO_IPV4 if net.version == address.version)
    if led or not (inside or address).is_global or (inside or address).is_multicast:
        raise NotAllowed("it leads to an address that is not public")


def _mac(key: str, text: bytes) -> str:
    try:
        raw = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is whsec_ and base64") from error
    return base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode("ascii")
