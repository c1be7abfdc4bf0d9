"""At most so many requests of one address in a while. Fails open: with the cache down, people are let through."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


def throttled(scope: str, *, limit: int, seconds: int, template: str = "429.html") -> Callable[[View], View]:
    """Let ``limit`` requests of one client into the views of ``scope`` in each ``seconds``; answer others with 429."""

    def around(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not allowed(scope, client(request), limit=limit, seconds=seconds):
                return render(request, template, status=429, headers={"Retry-After": str(seconds)})
            return view(request, *args, **kwargs)

        return guarded

    return around


def allowed(scope: str, who: str, *, limit: int, seconds: int) -> bool:
    """Count one request of ``who``; whether it is still within the limit."""
    key = f"throttle:{scope}:{who}:{int(time.time()) // seconds}"
    try:
        cache.add(key, 0, timeout=seconds)
        return cache.incr(key) <= limit
    except Exception as error:
        # Any failure of any cache, and ValueError for a count that was evicted between the two calls.
        log.warning("throttle %s counts nothing, everybody is let through: %r", scope, error)
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
    if ip.version == 6 and not ip.ipv4_mapped:
        return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)
    return str(ip.ipv4_mapped if ip.version == 6 else ip)
