"""The last four digits of an application's mobiles, as keyed digests: how an official finds whom they talk to.

Four digits can be guessed by trying all 10,000, so the digest is keyed (HMAC-SHA-256 over ``SECRET_KEY``, in a domain of
its own) and a search never leaves the tasks that the official sees anyway: docs/decisions/0006-last-four-digits.md.
"""

from __future__ import annotations

from permits.models.application import Application
from permits.models.mobile_tag import MobileTag
from permits.ready import insert
from permits.secrets import blind_index

LAST = 4


def tag(last_four: str) -> str:
    """The digest (32 hex digits) of four digits."""
    return blind_index(f"mobile-last-four\0{last_four}")[:32]


def tags_of(application: Application) -> set[str]:
    """Of the mobiles in the form, the one of who filed it, and the enterprise's on record."""
    fields = [field.key for field in application.definition.fields() if field.type == "mobile"]
    numbers = [application.answers.get(key) for key in fields]
    numbers.append(application.applicant.mobile)
    numbers.append(application.enterprise.legal_mobile if application.enterprise else "")
    return {tag(str(number)[-LAST:]) for number in numbers if number and str(number)[-LAST:].isdecimal()}


def index(application: Application) -> None:
    """Write the digests of an application anew; in the transaction of the step that changed its answers."""
    MobileTag.objects.filter(application=application).delete()
    add(application)


def add(application: Application) -> None:
    """Write the digests of an application that has none yet."""
    insert([MobileTag(application=application, tag=each) for each in tags_of(application)], keys=False)
