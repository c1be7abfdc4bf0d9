"""Usual values for each kind of notice: what an official sees in a preview, and what a text may name."""

from __future__ import annotations

from typing import Any

from reviews.notices import choosing, texts

DUE = "2020-02-12T09:30:00+00:00"  # 17:30 in Shanghai
LINK = "https://zwfw.yifeng.gov.cn/n/1234567/"
COMMON: dict[str, Any] = {
    "number": "360924-20200210-000001-C", "service": {"zh": "企业复工复产备案", "en": "Resumption-of-work filing"},
    "outcome": {"zh": "予以备案", "en": "Filed"}, "enterprise": "宜丰县示例竹业有限公司", "due_at": DUE,
    "reason": {"zh": "应急预案缺少隔离场所说明", "en": "The plan names no place of quarantine"}, "path": "/applications/",
}  # fmt: skip
TASK = {
    "stage": {"zh": "预审", "en": "Pre-check"},
    "department": {"zh": "宜丰县新昌镇人民政府", "en": "Xinchang Town Government, Yifeng"}, "path": "/admin/reviews/task/",
}  # fmt: skip
OFFICE = {key: TASK[key] for key in ("department", "path")}
NO_PAGE = {"zh": "缺少第二页", "en": "The second page is missing"}
MISSING = [{"zh": "疫情防控应急预案", "en": "Epidemic emergency plan"}, {"zh": "复工人员返岗计划", "en": "Roster"}]
MEMBER: dict[str, Any] = {"enterprise": COMMON["enterprise"], "who": "江立川", "path": "/enterprises/"}
EDITION = {"service": COMMON["service"], "path": "/admin/permits/editiondraft/"}
COUNTED = {"day": "2020-02-10", "counted_at": DUE, "today": 3, "overdue": 1, "unclaimed": 4}
URGENT = [{"number": COMMON["number"], "title": COMMON["service"], "due": "2020-02-10 11:30"}]

THREAD = {
    "number": COMMON["number"], "service": COMMON["service"], "enterprise": COMMON["enterprise"],
    "path": "/applications/messages/",
}  # fmt: skip
ASKED = THREAD | OFFICE | {"path": "/admin/reviews/thread/"}

# What a kind has besides; of those in WHOLE it is everything.
MORE: dict[str, dict[str, Any]] = {
    "accepted_owing": {"deadline_at": DUE, "items": MISSING},
    "corrections_requested": {
        "deadline_at": DUE, "items": [{"title": each, "message": NO_PAGE} for each in MISSING],
    },
    "corrections_due_soon": {"deadline_at": DUE}, "owed_reminder": {"deadline_at": DUE, "items": MISSING},
    "terminated": {"items": MISSING}, "extended": {"until_at": DUE},
    "suspended": {"procedure": {"zh": "专家评审", "en": "Expert review"}},
    "objected": {"until_at": DUE},
    "rejected": {"objection_at": DUE, "outcome": {"zh": "不予备案", "en": "Not filed"}}, "declined": {"objection_at": DUE},
    "bad_rating": {"deadline_at": DUE}, "owed_at_risk": {"deadline_at": DUE},
    **{kind: {"stage": TASK["stage"]} for kind in ("overdue", "second_round_asked")},
    "due_times_recomputed": {"until_at": DUE, "of": "due_at"},
    "reminder": TASK | {"per_cent": 50}, "promise_met": TASK | {"items": MISSING}, "reassigned": TASK | {"to": "陈溪"},
    **dict.fromkeys(("new_task", "lease_expired", "advised", "second_round_allowed"), TASK),
}  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    "access_requested": {
        "enterprise": COMMON["enterprise"], "who": "江立川", "email": "jiang@example.com", "path": "/enterprises/",
    },
    "access_granted": {"enterprise": COMMON["enterprise"], "path": "/enterprises/"},
    "access_refused": {"uscc": "91360924MA35ABC16Y", "path": "/enterprises/"},
    "invited": MEMBER | {"deadline_at": DUE},
    "invitation_answered": MEMBER | {"email": "jiang@example.com", "accepted": True},
    "authorised": MEMBER | {"owner": False, "until_on": "2020-12-31", "items": MISSING[:1]},
    **dict.fromkeys(("authorisation_ended", "member_left"), MEMBER),
    **dict.fromkeys(("authorisation_ends_soon", "authorisation_expired"), MEMBER | {"until_on": "2020-12-31"}),
    "edition_published": EDITION | {"edition": 3},
    "edition_refused": EDITION | {"planned_at": DUE, "reason": {"zh": "第 12 行：未知的字段类型", "en": "Line 12: no such type of field"}},
    "draft_to_be_erased": {"service": COMMON["service"], "files": 4, "erase_at": DUE, "path": "/applications/"},
    "draft_erased": {"service": COMMON["service"], "files": 4, "days": 180, "path": "/applications/"},
    "message_answered": THREAD | {"office": TASK["department"]}, "call_missed": THREAD | {"office": TASK["department"]},
    **dict.fromkeys(("message_waiting", "answer_late"), ASKED | {"until_at": DUE}),
    "call_asked": ASKED | {"from_at": "2020-02-12T05:30:00+00:00", "until_at": DUE},
    "digest": COUNTED | {"items": URGENT, "path": TASK["path"]},
}  # fmt: skip


def params(kind: str) -> dict[str, Any]:
    """As they would stand in the notice."""
    if kind in WHOLE:
        return WHOLE[kind]
    office = OFFICE if choosing.group_of(kind) == "work" else {}
    return COMMON | office | MORE.get(kind, {})


def values(kind: str, channel: str, language: str) -> dict[str, Any]:
    """As a text would be given them."""
    name = {"zh": "王晓明", "en": "Wang Xiaoming"}[language]
    link = {"link": LINK} if channel == "sms" else {}
    said = {"name": name, **link, **texts.spoken(language, params(kind), brief=channel == "sms")}
    if kind == "corrections_requested":  # an official's words, which come in one language
        said["items"] = [item | {"message": item["message"][language]} for item in said["items"]]
    return said


def needed(kind: str, channel: str) -> tuple[str, ...]:
    """What a text can't leave out: whose it is about, and where to go."""
    number = ("number",) if "number" in params(kind) else ()
    return (*number, "link" if channel == "sms" else "url")
