"""Where a link of a document may lead: to the web, to mail, to a telephone, to the writer's own disk, where nobody else has anything.

Not to what a click would run, and not into a network of Windows: the mere look at a share gives away a password's digest.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SAFE = {"http", "https", "mailto", "tel", "ftp", "sms", "geo", "weixin", "alipays", "tencent", "mqqwpa"}
_HOST_AND_PORT = re.compile(r"[\w-]+(?:\.[\w-]+)+:\d")
_OWN_DISK = re.compile(r"(?:file:/{0,3})?[a-z]:[\\/]|file:///[^/\\]", re.IGNORECASE)
_RUNS = re.compile(
    r"\.(?:exe|com|bat|cmd|scr|pif|cpl|dll|msi|msc|jar|js|jse|vbs|vbe|wsf|wsh|hta|ps1|reg|lnk|url|inf|app|sh|command)\W*$",
    re.IGNORECASE,
)


def is_safe(address: str) -> bool:
    """Whether a link that is followed by a click may lead there."""
    address = _plain(address)
    if is_on_own_disk(address):
        return _RUNS.search(address) is None
    scheme = _SCHEME.match(address)
    if scheme is None:
        return not _is_share(address)
    return scheme[1].lower() in _SAFE or _HOST_AND_PORT.match(address) is not None


def is_on_own_disk(address: str) -> bool:
    return _OWN_DISK.match(_plain(address)) is not None


def stays_here(address: str) -> bool:
    """Whether what is fetched without a click is at most a file of this device."""
    address = _plain(address)
    return is_on_own_disk(address) or not (_SCHEME.match(address) or _is_share(address))


def _is_share(address: str) -> bool:
    return re.match(r"[\\/]{2}", address) is not None


def _plain(address: str) -> str:
    """Without the blanks and controls that readers pass over."""
    return re.sub(r"[\x00-\x20\u200b\ufeff]", "", address)
