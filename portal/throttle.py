"""How often one address may ask. When the cache is down everybody may: a look-up matters more than the limit."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

log = logging.getLogger(__name__)
LEFT_ALONE = 300  # seconds: what is counted in files lives so long after each count, whatever it was made with (BaseCache.incr)


def allowed(what: str, who: str, *, limit: int, seconds: int = 60) -> bool:
    """Count one request of ``who`` (see ``client``); whether it is still within ``limit`` in each ``seconds``."""
    digest = hashlib.sha256(who.encode()).hexdigest()[:16]
    key = f"throttle:{what}:{digest}:{int(time.time()) // seconds}"
    try:
        cache.add(key, 0, timeout=2 * seconds)
        count = cache.incr(key)
        if 2 * seconds > LEFT_ALONE:
            cache.touch(key, timeout=2 * seconds)
        return count <= limit
    except Exception:
        log.warning("the cache does not answer; %s is not throttled", what)
        return True


def seconds_left(seconds: int = 60) -> int:
    """After how many the next count begins, for ``Retry-After``."""
    return seconds - int(time.time()) % seconds


def client(request: HttpRequest) -> str:
    """The client's address as our own proxies saw it; of IPv6, the /64 that one subscriber has."""
    address = request.META.get("REMOTE_ADDR", "")
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if proxies and hops:
        address = hops[-min(proxies, len(hops))]
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network(f"{ip.compressed.partition('%')[0]}/64", strict=False).network_address)
