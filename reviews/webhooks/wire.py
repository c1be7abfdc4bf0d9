"""One signed POST to somebody else's server, and to no server that they should not reach through us.

Signed as Standard Webhooks has it: HMAC-SHA256 over ``ID.TIMESTAMP.BODY``, base64, ``v1,`` before each signature. The
name is resolved once, every address it has must be public, and the connection goes to the address that was looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.conf import settings

PREFIX = "whsec_"
TIMEOUT = urllib3.Timeout(connect=5, read=10)  # seconds
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


def post(url: str, keys: Iterable[str], message_id: str, body: str) -> Answer:
    """Raise ``NotAllowed`` or ``Unanswered``; redirects are answers like others, and nobody reads an answer's words."""
    content, timestamp = body.encode(), int(time.time())
    headers = {
        "Host": urlsplit(url).netloc, "Content-Type": "application/json", "User-Agent": "permit-portal-webhooks/1",
        "webhook-id": message_id, "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(keys, message_id, timestamp, content),
    }  # fmt: skip
    pool, path = _connection(url)
    try:
        answer = pool.urlopen("POST", path, body=content, headers=headers, redirect=False, preload_content=False)
        return Answer(answer.status, answer.headers.get("Retry-After"))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(type(error).__name__) from error
    finally:
        pool.close()


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


def _connection(url: str) -> tuple[Any, str]:
    """A connection to the address that was looked at, under the name that the certificate has to be for; and the path."""
    check(url)
    parts = urlsplit(url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    address, port = _resolved(host, parts.port or (443 if secure else 80))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not secure:
        return urllib3.HTTPConnectionPool(address, port, timeout=TIMEOUT, retries=False), path
    pool = urllib3.HTTPSConnectionPool(
        address, port, timeout=TIMEOUT, retries=False, cert_reqs="CERT_REQUIRED", ca_certs=settings.WEBHOOK_CA_FILE or None,
        server_hostname=host, assert_hostname=host,
    )  # fmt: skip
    return pool, path


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
