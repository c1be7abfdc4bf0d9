"""Every page of every registered admin × every role, looked at and posted to. A page without an entry here fails.

Who may do what is the same on both engines, so it runs beside SQLite only.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from permits.models import Material, Permit, ServiceVersion
from reviews import drafting, gates, workflow
from reviews.models import (
    CalendarDay,
    Event,
    Gate,
    NoticeText,
    Official,
    RoleGrant,
    SavedAnswer,
    Thread,
    WebhookEndpoint,
)
from reviews.webhooks import endpoints
from tests.cast import Cast, filled, holder, person, task_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# One letter a role; nobody else gets in anywhere (anonymous, and applicants, are asked for every page too).
LETTERS = {
    "R": "reviewer", "V": "supervisor", "O": "service_owner", "S": "system_admin", "C": "security_admin",
    "A": "audit_admin", "U": "superuser", "-": "applicant", "?": "anonymous",
}  # fmt: skip

# page: who may look at it (GET), who may do something there (POST). "U" is a superuser, for the first set-up only.
NOBODY = ("", "")
ONLY_LOOKED_AT = {"board", "changelist", "history", "preview", "export", "viewer", "passages"}  # a POST gives the same page, and does nothing
PAGES: dict[str, dict[str, tuple[str, str]]] = {
    "permits.Application": {
        "changelist": ("RVU", ""), "add": NOBODY, "change": ("RV", "RV"), "history": ("RV", ""), "delete": NOBODY,
        "originals": ("VA", "VA"),
    },
    "permits.Permit": {
        "changelist": ("RVU", ""), "add": NOBODY, "change": ("RV", ""), "history": ("RV", ""), "delete": NOBODY,
        "revoke": ("V", "V"), "correct": ("V", "V"),
    },
    "reviews.Delegation": {
        "changelist": ("RVU", ""), "add": ("RVU", "RVU"), "change": ("RV", ""), "history": ("RV", ""),
        "delete": NOBODY, "end": ("RV", "RV"),  # a superuser has no posting to lend, and sees nobody else's
    },
    "reviews.Interest": {
        "changelist": ("RVU", ""), "add": ("RVU", "RVU"), "change": ("RVU", ""), "history": ("RVU", ""),
        "delete": NOBODY, "end": ("RVU", "RVU"),
    },
    "reviews.Rating": {
        "changelist": ("VU", ""), "add": NOBODY, "change": ("V", ""), "history": ("V", ""), "delete": NOBODY,
        "follow_up": ("V", "V"),
    },
    "reviews.Task": {
        "changelist": ("RVU", ""), "add": NOBODY, "change": ("RVOSCAU", "RVOSCAU"),  # leads to the review page
        "history": ("RV", ""), "delete": NOBODY, "review": ("RV", "RV"), "proof": ("RV", ""), "board": ("VU", ""), "board_export": ("", ""),
        # looked at, a form's address leads to the page that it is on; a superuser has no posting: their queue is empty
        "claim": ("RV", "RV"), "release": ("RV", "RV"), "find": ("RVU", "RVU"), "next": ("RVU", "RVU"), "many": ("RVU", "RVU"),
        "reviews_savedfilter_save": ("RVU", "RVU"), "reviews_savedfilter_remove": ("RVU", "RVU"),
        "authority": NOBODY,  # an owner filed this one: tests/reviews/test_authority_desk.py
        # the viewer of materials; what draws a file knows of no file by itself
        "viewer": ("RV", ""), "find_text": ("RV", ""), "content": ("RV", ""), "text": ("RV", ""),
        "frame": ("RVU", ""),
    },
    "reviews.Thread": {
        "changelist": ("RVU", ""), "add": NOBODY, "change": ("RVOSCAU", "RVOSCAU"),  # leads to the thread
        "history": ("RV", ""), "delete": NOBODY, "thread": ("RV", "RV"), "draft": ("RV", "RV"),
    },
    "reviews.SavedAnswer": {
        "changelist": ("RVU", ""), "add": ("RVU", "RVU"), "change": ("RV", "V"), "history": ("RV", ""), "delete": NOBODY,
    },
    "permits.Service": {
        "changelist": ("OSU", ""), "add": NOBODY, "change": ("OSU", ""), "history": ("OSU", ""), "delete": NOBODY,
    },
    "permits.ServiceVersion": {
        "changelist": ("OSU", ""), "add": NOBODY, "change": ("OSU", ""), "history": ("OSU", ""), "delete": NOBODY,
        "preview": ("OSU", ""), "export": ("OSU", ""), "roll_back": ("OU", "OU"),
    },
    "permits.EditionDraft": {
        "changelist": ("OU", ""), "add": ("OU", "OU"), "change": ("OU", "OU"), "history": ("OU", ""),
        "delete": ("OU", "OU"), "frame": ("OU", "OU"), "files": ("OU", "OU"), "publish": ("OU", "OU"), "unschedule": ("", "OU"),
        "export": ("OU", ""),
    },
    "reviews.Department": {
        "changelist": ("SCU", ""), "add": ("SU", "SU"), "change": ("SCU", "SU"), "history": ("SCU", ""),
        "delete": NOBODY,
    },
    "reviews.CalendarDay": {
        "changelist": ("SU", ""), "add": ("SU", "SU"), "change": ("SU", "SU"), "history": ("SU", ""), "delete": NOBODY,
    },
    "reviews.Notice": {
        "changelist": ("SU", ""), "add": NOBODY, "change": ("SU", ""), "history": ("SU", ""), "delete": NOBODY,
    },
    "reviews.NoticeText": {
        "changelist": ("OSU", ""), "add": NOBODY, "change": ("OSU", ""), "history": ("OSU", ""), "delete": NOBODY,
        "text": ("OSU", "OU"), "again": ("", "OU"),
    },
    "reviews.WebhookEndpoint": {
        "changelist": ("SU", ""), "add": ("SU", "SU"), "change": ("SU", "SU"), "history": ("SU", ""), "delete": NOBODY,
        "acts": ("SU", "SU"),
    },
    "reviews.Gate": {
        "changelist": ("SCAU", ""), "add": ("SU", "SU"), "change": ("SCAU", "SU"), "history": ("SCAU", ""), "delete": NOBODY,
        "passages": ("SAU", ""),
    },
    "reviews.GateChecker": {
        "changelist": ("CU", ""), "add": ("CU", "CU"), "change": ("CU", "CU"), "history": ("CU", ""), "delete": NOBODY,
    },
    "permits.Enterprise": {
        "changelist": ("SU", ""), "add": NOBODY, "change": ("SU", ""), "history": ("SU", ""), "delete": NOBODY,
    },
    "permits.User": {
        "changelist": ("SCU", ""), "add": ("SU", "SU"), "change": ("SCU", ""), "history": ("SCU", ""),
        "delete": NOBODY, "act/open": ("SU", "SU"), "act/close": ("SU", "SU"), "act/activate": ("CU", "CU"),
        "act/deactivate": ("CU", "CU"), "act/nonsense": NOBODY,
    },
    "reviews.Official": {
        "changelist": ("CU", ""), "add": ("CU", "CU"), "change": ("CU", "CU"), "history": ("CU", ""), "delete": NOBODY,
    },
    "reviews.RoleGrant": {
        "changelist": ("CU", ""), "add": ("CU", "CU"), "change": ("CU", ""), "history": ("CU", ""), "delete": NOBODY,
        "revoke": ("CU", "CU"),
    },
    "reviews.Event": {
        "changelist": ("AU", ""), "add": NOBODY, "change": ("AU", ""), "history": ("AU", ""), "delete": NOBODY,
        "export": ("AU", ""),
    },
}  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> Cast:
    """One of everything that the admin knows."""
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    for office, official, outcome in (
        ("street", cast.street, "accept"), ("health", cast.health, "agree"), ("industry", cast.industry, "agree"),
        ("bureau", cast.decider, "approve"),
    ):  # fmt: skip
        workflow.decide(task_of(application, office).pk, official=official, outcome=outcome)
    workflow.rate(application.pk, applicant=cast.owner, score=1, comment="等了太久")
    now = timezone.now()
    workflow.delegate(
        Official.objects.get(user=cast.decider).pk, to=cast.health, starts_at=now, ends_at=now + timedelta(days=1),
        by=cast.decider, reason="休假",
    )  # fmt: skip
    workflow.declare_interest(cast.decider.pk, by=cast.decider, enterprise=cast.other_enterprise)
    workflow.ask(application.pk, applicant=cast.owner, text="何时领取？", key="1")
    SavedAnswer.objects.create(department=Thread.objects.get().department, title="领取", text_zh="网上下载即可")
    CalendarDay.objects.create(date=timezone.localdate(), working=True)
    NoticeText.objects.create(kind="approved", channel="sms", language="zh", edition=1, published_by=cast.street)
    drafting.start(by=cast.street, base=ServiceVersion.objects.get())
    holder("service_owner", "holder")
    endpoints.save(WebhookEndpoint(name="税务局", url="https://tax.example.gov.cn/hook"), by=None)
    gate = Gate(name_zh="东门", name_en="East gate", region="360924")
    gates.save(gate, by=None)
    gates.appoint(cast.outsider, gate, by=None)
    gates.scan(gate, "nonsense", by=cast.outsider, key=uuid.uuid4())
    return cast


def client_of(letter: str, cast: Cast) -> Client:
    client = Client()
    match LETTERS[letter]:
        case "anonymous":
            return client
        case "applicant":
            user = cast.owner
        case "reviewer":
            user = cast.decider
        case "supervisor":
            user = cast.supervisor
        case "superuser":
            user = person("root", is_staff=True, is_superuser=True)
        case role:
            user = holder(role)
    client.force_login(user)
    return client


def objects(model: Any) -> Any:
    if model is Permit:
        return Permit.objects.get()
    found = model._default_manager.order_by("pk")
    if model._meta.label == "reviews.Task":
        return found.get(department__kind="bureau")
    if model._meta.label == "reviews.RoleGrant":
        return found.get(user__name="holder")
    if model._meta.label == "permits.User":
        return found.get(name="outsider")
    return found.first()


def addresses() -> Iterator[tuple[str, str, str]]:
    """Model, page, address: of all that is registered."""
    for model, model_admin in admin.site._registry.items():
        label, prefix = model._meta.label, f"{model._meta.app_label}_{model._meta.model_name}_"
        pk = objects(model).pk
        for pattern in model_admin.get_urls():
            if not pattern.name:
                continue  # the old address of a change page, which leads to it
            arguments = dict.fromkeys(pattern.pattern.converters, pk)
            page = pattern.name.removeprefix(prefix)
            if "file" in arguments:
                arguments["file"] = Material.objects.get(requirement="signed_pledge").public_id
            if "which" in arguments:
                arguments["which"] = "approved-sms"
            if "name" in arguments:
                for act in ("open", "close", "activate", "deactivate", "nonsense"):
                    yield label, f"{page}/{act}", reverse(f"admin:{pattern.name}", kwargs=arguments | {"name": act})
            else:
                yield label, page, reverse(f"admin:{pattern.name}", kwargs=arguments)


def let_in(response: Any) -> bool:
    """Neither refused, nor led to the log-in or, as Django does with what one may not know of, to the first page."""
    if response.status_code == 302:
        return "/login/" not in response["Location"] and response["Location"] != "/admin/"
    return response.status_code not in (403, 404, 405)


def asked(client: Client, method: str, address: str) -> bool:
    """Asked, and whatever it did undone."""
    with transaction.atomic():
        before = Event.objects.count()
        allowed = let_in(getattr(client, method)(address))
        assert allowed or Event.objects.count() == before, f"{method} {address} was refused, and wrote an event"
        transaction.set_rollback(True)
    return allowed


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Who gets in is known before a page is drawn; all of them are drawn by the walk over the desk (tests/journeys)."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")


@pytest.mark.parametrize("letter", LETTERS, ids=LETTERS.values())
def test_each_page_of_the_admin_lets_in_whom_the_table_names_and_nobody_else(world, undrawn, letter):
    client = client_of(letter, world)
    seen = {
        (label, page): (asked(client, "get", address), asked(client, "post", address))
        for label, page, address in addresses()
    }
    told = {
        (label, page): (letter in look, letter in (look if page in ONLY_LOOKED_AT else do))
        for label, pages in PAGES.items()
        for page, (look, do) in pages.items()
    }
    assert set(seen) == set(told), "a page of the admin without an entry in the table, or the other way round"
    assert not {page: (seen[page], told[page]) for page in seen if seen[page] != told[page]}, "seen, told"


def test_no_page_of_a_case_opens_to_an_official_of_another_office(world):
    client = Client()
    client.force_login(world.other_street)
    cases = {"permits.Application", "permits.Permit", "reviews.Task", "reviews.Thread"}
    opened = {
        (label, page)
        for label, page, address in addresses()
        if label in cases and (asked(client, "get", address) or asked(client, "post", address))
    }
    own = {"changelist", "find", "next", "many", "frame", "reviews_savedfilter_save", "reviews_savedfilter_remove"}
    assert opened == {
        *((label, "changelist") for label in cases),
        *(("reviews.Task", page) for page in own),
        ("reviews.Task", "change"),  # leads to the review page, which isn't found
        ("reviews.Thread", "change"),  # the same
    }


def test_neither_names_nor_numbers_leak_through_the_search_of_a_field(world):
    address = "/admin/autocomplete/?app_label=reviews&model_name=official&field_name=user&term=o"
    allowed = {letter for letter in LETTERS if asked(client_of(letter, world), "get", address)}
    assert allowed == set("SCU")


def test_only_accounts_that_may_be_posted_are_offered(world):
    address = "/admin/autocomplete/?app_label=reviews&model_name=official&field_name=user&term="
    offered = client_of("C", world).get(address).json()["results"]
    assert str(world.decider) in {row["text"] for row in offered}
    assert str(world.owner) not in {row["text"] for row in offered}


@pytest.mark.parametrize("letter", "OSCA")
def test_the_menu_of_an_administrator_leads_only_where_they_may_go(world, letter):
    client = client_of(letter, world)
    page = client.get("/admin/").content.decode()
    lists = {reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist"): m for m in admin.site._registry}
    linked = {address for address in lists if f'href="{address}"' in page}
    assert linked and all(let_in(client.get(address)) for address in linked)
    assert linked >= {address for address, m in lists.items() if letter in PAGES[m._meta.label]["changelist"][0]
                      and m._meta.label not in {"permits.ServiceVersion", "reviews.Department"}}  # fmt: skip


def test_a_list_of_accounts_or_rights_asks_as_many_queries_for_many_rows_as_for_one(
    world, django_assert_max_num_queries
):
    client = client_of("C", world)
    lists = ["/admin/permits/user/", "/admin/reviews/official/", "/admin/reviews/rolegrant/"]
    counts = []
    for address in lists:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    office = Official.objects.first().department
    for number in range(5):
        user = person(f"more-{number}", is_staff=True)
        Official.objects.create(user=user, department=office)
        RoleGrant.objects.create(user=user, role="service_owner")
    for address, count in zip(lists, counts, strict=True):
        with django_assert_max_num_queries(count):
            client.get(address)
