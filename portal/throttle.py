"""How often one address may ask. When the cache is down everybody may: a look-up matters more than the limit."""

from __future__ import annotations

import hashlib
import logging
import time

from django.core.cache import cache
from django.http import HttpRequest

log = logging.getLogger(__name__)


def allowed(request: HttpRequest, what: str, per_minute: int) -> bool:
    address = request.META.get("REMOTE_ADDR", "")
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    key = f"throttle:{what}:{digest}:{int(time.time() // 60)}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) <= per_minute
    except Exception:
        log.warning("the cache does not answer; %s is not throttled", what)
        return True
