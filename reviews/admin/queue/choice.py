"""What an official chose to see of the queue: read from an address or a form, and written into one again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from permits import mobiles

LONGEST = 100
VIEWS = ("todo", "mine", "unclaimed", "all", "closed")
SUPERVISORS_VIEWS = frozenset({"all"})
DUE = ("overdue", "today", "week")
_KEY = re.compile(r"[a-z][a-z0-9_:-]{0,59}")
_REGION = re.compile(r"\d{6}|\d{9}|\d{12}")
_TAG = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Choice:
    """Every value is well formed, or empty. ``mobile`` is the digest of four digits, which never stand in an address."""

    which: str = "todo"
    service: str = ""
    stage: str = ""
    region: str = ""
    due: str = ""
    returned: str = ""
    enterprise: str = ""
    q: str = ""
    mobile: str = ""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> Choice:
        """From an address's or a form's values; what makes no sense is left out."""
        typed = {name: str(data.get(name, "")).strip() for name in cls.__dataclass_fields__}
        q = unicodedata.normalize("NFKC", typed["q"])[:LONGEST].strip().replace("\0", "")
        mobile = typed["mobile"] if _TAG.fullmatch(typed["mobile"]) else ""
        if re.fullmatch(r"[0-9]{4}", q):
            q, mobile = "", mobiles.tag(q)
        return cls(
            which=typed["which"] if typed["which"] in VIEWS else "todo",
            service=_if(_KEY, typed["service"]),
            stage=_if(_KEY, typed["stage"]),
            region=_if(_REGION, typed["region"]),
            due=typed["due"] if typed["due"] in DUE else "",
            returned="1" if typed["returned"] == "1" else "",
            enterprise=_uuid(typed["enterprise"]),
            q=q,
            mobile=mobile,
        )

    @property
    def query(self) -> str:
        """As it stands in an address; empty for the view that one comes to first."""
        given = {name: value for name, value in asdict(self).items() if value}
        if self.which == "todo":
            del given["which"]
        return urlencode(given)

    @property
    def latest_first(self) -> bool:
        return self.which == "closed"

    @property
    def narrowed(self) -> int:
        """How many filters are set, the search not counted."""
        return sum(map(bool, (self.service, self.stage, self.region, self.due, self.returned, self.enterprise)))

    def without(self, *names: str) -> Choice:
        return replace(self, **dict.fromkeys(names, ""))


def _if(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
