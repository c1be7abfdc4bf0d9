"""What notices say: the portal's own texts, and the small language that they are written in."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from reviews.admin import kinds
from reviews.models import Notice
from reviews.notices import choosing, safe, samples, texts, wordings

KEYS = [
    (kind, channel, language)
    for kind in wordings.kinds() for channel in ("email", "sms") for language in ("zh", "en")
    if wordings.of_file((kind, channel, language)) is not None
]  # fmt: skip
SIGNATURE = "【宜丰政务】"  # which the provider puts before it
SAMPLE = {"number": "1", "reason": "x", "items": [{"zh": "a", "en": "b"}]}


@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_every_text_of_the_portal_is_in_order(key):
    """It names nothing that a notice of its kind hasn't, and says what it can't leave out."""
    kind, channel, _language = key
    source, said = wordings.of_file(key), samples.values(*key)
    assert not safe.faults(source, said, samples.needed(kind, channel))
    message = texts.preview(source, channel, said)
    assert message.body and "{" not in message.body and "  " not in message.subject
    if channel == "sms":
        long = said | {
            "service": "城镇污水排入排水管网许可证变更及补发申请事项",
            "stage": "会同有关部门进行现场勘验和审核",
        }
        assert texts.parts(SIGNATURE + texts.preview(source, channel, long).body) <= 2
        assert texts.parts(SIGNATURE + message.body) <= 2, message.body
        assert message.body.endswith(samples.LINK) and said.get("number", "") in message.body
        for when in ("deadline_at", "until_at"):
            assert when not in said or said[when] in message.body


TO_DO = {"zh": r"请|可|不需要", "en": r"(?i)please|you (can|may)|nothing for you|sign in|hand (these|them) in|sees to it|answer each|see to|send them|upload|look at it and answer|it is due|due by|open the draft|may claim|talk to"}  # fmt: skip


@pytest.mark.parametrize("key", [key for key in KEYS if key[1] == "email"], ids=".".join)
def test_every_notice_says_what_to_do_and_by_when(key):
    """Whose time is running is told until when: the task's, the corrections', the objection's."""
    kind, channel, language = key
    said = samples.values(*key)
    body = texts.preview(wordings.of_file(key), channel, said).body
    assert re.search(TO_DO[language], body.split("\n", 1)[1]), body
    whens = ["deadline_at", "until_at", "objection_at", *(["due_at"] if "stage" in said else [])]
    for when in whens:
        assert when not in said or said[when] in body, (when, body)
    if kind in ("rejected", "declined", "upheld", "permit_revoked"):
        assert {"zh": "60日内", "en": "within 60 days"}[language] in body
        assert {"zh": "六个月内", "en": "within six months"}[language] in body


@pytest.mark.parametrize("kind", wordings.kinds())
def test_every_kind_has_a_name_in_both_languages(kind):
    """In the outbox and in the list of wordings; never its key."""
    said = set()
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.add(kinds.name(kind))
    assert kind not in said and len(said) == 2


def test_what_the_law_asks_for_has_a_text_message_of_its_own():
    kinds = {kind for kind in wordings.kinds() if choosing.group_of(kind) in ("statutory", "reminders")}
    assert kinds <= {kind for kind, channel, _language in KEYS if channel == "sms"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1), ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("a" * 70, 1), ("😀" * 35, 1),
        ("😀" * 36, 2), ("字" + "😀" * 35, 2), ("😀" * 66, 2), ("😀" * 67, 3), ("字" + "😀" * 66, 2), ("字😀" * 45, 3),
    ],
)  # fmt: skip
def test_text_messages_are_counted_in_parts_of_seventy(text, parts):
    assert texts.parts(text) == parts


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("{{ number }}\n{% load i18n %}", 2, "load"), ("{% include 'x' %}", 1, "include"), ("{% debug %}", 1, "debug"),
        ("{% url 'home' %}", 1, "url"), ("a\nb\n{% if number %}", 3, "if"), ("{{ number|safe }}", 1, "safe"),
        ("\n{{ settings.SECRET_KEY }}", 2, "settings.SECRET_KEY"), ("{{ number.upper }}", 1, "number.upper"),
        ("{{ number.__class__ }}", 1, "__class__"), ("{{ reason|default:other }}", 1, "other"),
        ("{% if nothing == 'x' %}{% endif %}", 1, "nothing"), ("{% for c in reason %}{% endfor %}", 1, ""),
        ("{% for i in items %}\n{% for k in items %}{% endfor %}{% endfor %}", 2, ""),
        ("{% for i in items %}{{ i.fr }}{% endfor %}", 1, "i.fr"), ("{{ i }}", 1, "i"), ("{{ items.clear }}", 1, "items.clear"),
        ("{{ number }}\n\n{{ reason", 3, "{{"), ("{{ number }} }}", 1, "}}"), ("{{ items }}", 1, "items"),
        ("{% if number %}" * 390, 1, "if"), ("{{ number }}{% if " + "not " * 1400 + "1 %}{% endif %}", 0, ""), ("x" * 7000, 0, ""), ("{% autoescape on %}{% endautoescape %}", 1, "autoescape"),
    ],
)  # fmt: skip
def test_what_a_text_may_not_say_is_told_with_its_line(source, line, words):
    found = safe.faults(source, SAMPLE, ("number",))
    assert [fault for fault in found if (fault.line == line and words in fault.words)], found


def test_a_text_in_order_has_no_faults():
    source = "{{ number }}{% if reason and not number == '2' %}: {{ reason|default:'-' }}{% else %}{{ items|length }}{% endif %}"
    source += (
        "{% for item in items %}{{ forloop.counter }}. {{ item.zh }}{% if not forloop.last %}, {% endif %}{% endfor %}"
    )
    assert safe.faults(source, SAMPLE, ("number",)) == []
    assert safe.render(source, SAMPLE | {"reason": "<b>&"}) == "1: <b>&1. a"


@pytest.mark.django_db
def test_a_kind_without_a_text_message_of_its_own_says_its_first_line(cast):
    notice = Notice(pk=7, kind="bad_rating", recipient=cast.supervisor, params=samples.params("bad_rating"))
    assert texts.short(notice) == "差评待回访 360924-20200210-000001-C｜企业复工复产备案 http://127.0.0.1:8000/n/7/"
    assert texts.short(notice, "en").startswith("Bad rating")
