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


def allowed(request: HttpRequest, what: str, per_minute: int) -> bool:
    """Count this request; whether its client is still within the limit."""
    digest = hashlib.sha256(client(request).encode()).hexdigest()[:16]
    key = f"throttle:{what}:{digest}:{int(time.time() // 60)}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) <= per_minute
    except Exception:
        log.warning("the cache does not answer; %s is not throttled", what)
        return True


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
