"""The numbers people see: case numbers and permit numbers, each with a check character.

``360924-20200210-000001-C``: region (GB/T 2260), date, serial, check character by ISO 7064 MOD 37,36, which finds
every single wrong character and every swap of neighbours.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from stdnum.exceptions import ValidationError as StdnumError
from stdnum.iso7064 import mod_37_36

SHANGHAI = ZoneInfo("Asia/Shanghai")


def with_check(body: str) -> str:
    return f"{body}-{mod_37_36.calc_check_digit(body.replace('-', ''))}"


def is_valid(number: str) -> bool:
    """Whether the check character fits; says nothing about whether the number was ever given out."""
    try:
        mod_37_36.validate(number.replace("-", "").upper())
    except StdnumError:
        return False
    return True


def normalise(text: str) -> str:
    return "".join(text.split()).upper().translate(str.maketrans("－—–", "---"))


def case_number(region: str, at: datetime, serial: int) -> str:
    return with_check(f"{region}-{at.astimezone(SHANGHAI):%Y%m%d}-{serial:06d}")


def permit_number(region: str, prefix: str, at: datetime, serial: int) -> str:
    return with_check(f"{region}-{prefix}-{at.astimezone(SHANGHAI):%Y}-{serial:06d}")
