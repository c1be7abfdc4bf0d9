"""Text messages and WeChat messages, by a provider's HTTP interface: a signed POST of JSON for each.

``NOTICE_PROVIDERS`` says where and how, by channel. What is sent::

    {"to": "+8613800000000", "sign_name": "…", "kind": "approved", "language": "zh", "template": "SMS_1001",
     "params": {"text": "…"}, "report_url": "https://…/notices/report/sms/"}

with the headers ``X-Key-Id``, ``X-Timestamp``, ``Idempotency-Key``, ``X-Signature`` (``signing``). The answer is JSON with
``id``. Neither the number nor the text is ever in an exception: those end in logs and in ``Attempt.detail``.
"""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django.utils.translation import gettext as _

from reviews.models import Notice
from reviews.notices import texts
from reviews.notices.channels.kinds import Later, Receipt, Rejected, key_of
from reviews.notices.channels.signing import sign

TIMEOUT = urllib3.Timeout(connect=3, read=7)  # seconds; ten of them are less than NOTICE_LEASE
LONGEST = 64 * 1024  # bytes of an answer that are read
OUR_FAULT = frozenset({401, 403, 404, 405, 407, 408, 425})  # keys, address or moment are wrong: no notice's own fault
CODE = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9_.:-]{1,60}")  # a code of a provider's, in which no number can hide

Template = dict[str, Any]


class Unanswered(OSError):
    """No connection, no answer in time, or one that may be another tomorrow."""


def send(notice: Notice) -> Receipt:
    """Hand it to the provider. Raise as ``channels`` has it."""
    provider = settings.NOTICE_PROVIDERS[notice.channel]
    mobile = notice.recipient.mobile
    if not mobile:
        raise Rejected("the account has no mobile number")
    return _handed_over(provider, _key(notice), _message(notice, provider, mobile))


def send_code(mobile: str, code: str, language: str) -> None:
    """The code that shows that somebody has this mobile: at once, for they wait for it. Raise as ``send`` does."""
    provider = settings.NOTICE_PROVIDERS["sms"]
    template = _template(provider["templates"], "mobile_code", language)
    with translation.override("zh-hans" if language == "zh" else "en"):
        text = _("%(code)s is your code for the permit portal. It holds for 10 minutes; give it to nobody.") % {"code": code}
    values = {"code": code, "text": text}
    message = {
        "to": f"+86{mobile}", "sign_name": provider["sign_name"], "kind": "mobile_code", "language": language,
        "template": template["id"], "params": {name: values.get(name, "") for name in template["params"]},
    }  # fmt: skip
    _handed_over(provider, f"code-{uuid4()}", message)


def send_sample(channel: str, mobile: str, kind: str, language: str, text: str, values: Mapping[str, Any]) -> None:
    """A text as it would come, with invented ``values``, to the official who writes it. Raise as ``send`` does."""
    provider = settings.NOTICE_PROVIDERS[channel]
    template = _template(provider["templates"], kind, language)
    said = {**values, "text": text}
    _handed_over(provider, f"test-{uuid4()}", {
        "to": f"+86{mobile}", "sign_name": provider["sign_name"], "kind": kind, "language": language,
        "template": template["id"], "params": {name: str(said.get(name, "")) for name in template["params"]},
    })  # fmt: skip


def _handed_over(provider: dict[str, str], key: str, message: dict[str, Any]) -> Receipt:
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8", "Idempotency-Key": key, "X-Key-Id": provider["key_id"],
        "X-Timestamp": timestamp, "X-Signature": sign(provider["secret"], timestamp, key, body),
    }  # fmt: skip
    try:
        answer = _pool().request(
            "POST", provider["url"], body=body, headers=headers, redirect=False, preload_content=False
        )
        content = answer.read(LONGEST)
        answer.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(f"the provider gives no answer: {type(error).__name__}") from None  # its words may quote ours
    return _receipt(answer.status, answer.headers.get("Retry-After"), _said(content))


def seconds_of(retry_after: str | None, now: datetime | None = None) -> float:
    """Retry-After (RFC 9110, 10.2.3): seconds, or a date; 0 for none, or for nonsense."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def code_of(said: dict[str, Any]) -> str:
    """What the provider calls a failure, where that can be no telephone number and no text; "" otherwise."""
    code = str(said.get("code", ""))
    return code if CODE.fullmatch(code) else ""


def _key(notice: Notice) -> str:
    """One key for all tries. Begun anew after a report of failure (``resend_notices``) it has to be another, or the
    provider would take it for what it has sent already.
    """
    taken = notice.tries.filter(ok=True).count()
    return f"{key_of(notice)}.{taken}" if taken else key_of(notice)


def _message(notice: Notice, provider: dict[str, str], mobile: str) -> dict[str, Any]:
    language = "zh" if texts.language_of(notice).startswith("zh") else "en"
    values = {**texts.values(notice, language, brief=True), "text": texts.short(notice, language)}
    template = _template(provider["templates"], notice.kind, language)
    missing = [name for name in template["params"] if name not in values]
    if missing:
        raise Rejected(f"the template {template['id']} asks for {', '.join(missing)}, which {notice.kind} has not")
    return {
        "to": f"+86{mobile}", "sign_name": provider["sign_name"], "kind": notice.kind, "language": language,
        "template": template["id"], "params": {name: str(values[name]) for name in template["params"]},
        "report_url": f"{settings.SITE_URL}/notices/report/{notice.channel}/",
    }  # fmt: skip


def _template(file: str, kind: str, language: str) -> Template:
    """The template of a kind in a language: its own, or the file's ``default``; without a file none, and the text."""
    found = templates(file) if file else {}
    return found.get((kind, language)) or found.get(("default", language)) or {"id": "", "params": ["text"]}


@cache
def templates(file: str) -> dict[tuple[str, str], Template]:
    """By kind and language, from a TOML file: ``[approved]`` ``zh = {id = "SMS_1001", params = ["number", "link"]}``.

    Read once a process. Raise ``ImproperlyConfigured`` for what is no such file.
    """
    try:
        tables = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        return {
            (kind, language): {"id": str(one["id"]), "params": [str(name) for name in one.get("params", ["text"])]}
            for kind, languages in tables.items()
            for language, one in languages.items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ImproperlyConfigured(f"{file} is no file of templates: {type(error).__name__}: {error}") from error


def _receipt(status: int, retry_after: str | None, said: dict[str, Any]) -> Receipt:
    code = code_of(said)
    words = f"the provider answers {status}{f' ({code})' if code else ''}"
    if 200 <= status < 300:
        if not (provider_id := str(said.get("id") or "")[:200]):
            raise Unanswered(f"{words}, without an id")
        return Receipt(words, provider_id)
    if status in (429, 503) and retry_after:
        raise Later(seconds_of(retry_after), words)
    if 400 <= status < 500 and status not in OUR_FAULT and status != 429:
        raise Rejected(words)
    raise Unanswered(words)


def _said(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, timeout=TIMEOUT, maxsize=4)
