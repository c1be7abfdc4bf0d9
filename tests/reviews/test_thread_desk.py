"""Messages and call-backs at the desk: what waits longest first, answered without script, saved answers, the review page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from permits.models import Application
from reviews import calendars, guidance, workflow
from reviews.admin.queue import paging
from reviews.models import CallbackRequest, Department, Event, Message, SavedAnswer, Thread
from tests.cast import Cast, filled, post, task_of

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/thread/"


def desk(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def text(response: Any) -> str:
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def asked(cast: Cast, words: str = "怎么填？") -> Application:
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.ask(application.pk, applicant=cast.owner, text=words, key="1")
    return application


def where(application: Application) -> str:
    return f"{LIST}{application.pk}/thread/"


def called(application: Application, cast: Cast) -> CallbackRequest:
    slot = guidance.slots(timezone.now(), calendars.current())[0].key
    return workflow.ask_call(application.pk, applicant=cast.owner, mobile="13800000618", slot=slot, key="1")


def send(client: Client, application: Application, do: str, **typed: Any) -> Any:
    last = Message.objects.order_by("pk").last()
    return client.post(where(application), {"do": do, "key": "k", "last": last.pk if last else 0, **typed})


def test_what_waits_is_claimed_and_answered(cast: Cast) -> None:
    application, client = asked(cast), desk(cast.street)
    assert application.number in text(client.get(LIST))
    assert send(client, application, "claim").status_code == 302
    assert application.number in text(client.get(f"{LIST}?view=mine"))
    assert "怎么填？" in text(client.get(where(application)))
    assert send(client, application, "send", text="按预计日期填").status_code == 302
    assert "No message here" in text(client.get(LIST))
    assert application.number in text(client.get(f"{LIST}?view=answered"))
    assert "按预计日期填" in text(client.get(where(application)))
    assert Event.objects.filter(stream__startswith="reads:", action="looked").exists(), "looking is on record"


def test_a_saved_answer_is_inserted_behind_what_is_typed_and_sent_only_then(cast: Cast) -> None:
    application, client = asked(cast), desk(cast.street)
    saved = SavedAnswer.objects.create(
        owner=cast.street, title="常问", text_zh="见办事指南第三条", text_en="See part 3"
    )
    others = SavedAnswer.objects.create(owner=cast.health, title="别人的", text_zh="别人的话")
    assert "别人的" not in text(client.get(where(application)))
    page = send(client, application, "insert", text="您好。", saved=saved.pk)
    assert "您好。\n\n见办事指南第三条" in page.content.decode() and Message.objects.count() == 1
    assert "别人的话" not in send(client, application, "insert", text="您好。", saved=others.pk).content.decode()


def test_a_refused_answer_keeps_its_words(cast: Cast) -> None:
    application = asked(cast)
    second = post("second", "street")
    workflow.answer(application.pk, official=second, text="已答", key="x")
    response = desk(cast.street).post(
        where(application), {"do": "send", "text": "我的答复", "key": "k", "last": Message.objects.first().pk}
    )
    assert response.status_code == 409 and "我的答复" in text(response) and "has answered meanwhile" in text(response)
    assert send(desk(cast.street), application, "send", text=" ").status_code == 422
    assert send(desk(cast.street), application, "nonsense").status_code == 409


def test_a_call_is_made_from_its_list(cast: Cast) -> None:
    application, client = asked(cast), desk(cast.street)
    call = called(application, cast)
    assert application.number in text(client.get(f"{LIST}?view=calls"))
    assert "13800000618" in text(client.get(where(application)))
    assert send(client, application, "reached", call="nonsense", note="x").status_code == 409
    assert send(client, application, "reached", call=call.public_id, note="").status_code == 422
    assert send(client, application, "reached", call=call.public_id, note="说明了材料要求").status_code == 302
    assert "Nobody waits for a call" in text(client.get(f"{LIST}?view=calls"))
    assert Message.objects.last().kind == "phone"


def test_what_was_said_by_phone_is_put_down(cast: Cast) -> None:
    application, client = asked(cast), desk(cast.street)
    at = timezone.localtime(timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert send(client, application, "phone", note="电话说明", spoken_at="yesterday").status_code == 409
    assert send(client, application, "phone", note="电话说明", spoken_at=at).status_code == 302
    assert "By phone" in text(client.get(where(application)))


def test_the_review_page_shows_the_thread_and_leads_to_it(cast: Cast) -> None:
    application = asked(cast)
    page = desk(cast.street).get(f"/admin/reviews/task/{task_of(application, 'street').pk}/review/")
    assert "怎么填？" in text(page) and where(application) in page.content.decode()


def test_an_office_that_has_no_part_in_it_finds_nothing(cast: Cast) -> None:
    application = asked(cast)
    assert application.number not in text(desk(cast.health).get(LIST))
    assert desk(cast.health).get(where(application)).status_code == 404
    assert desk(cast.other_street).get(f"{LIST}{application.pk}/draft/").status_code == 404


def test_what_waits_too_long_is_shown_to_the_supervisor_alone(cast: Cast) -> None:
    application = asked(cast)
    chief = post("chief", "street", supervisor=True)
    assert application.number not in text(desk(chief).get(f"{LIST}?view=late"))
    Thread.objects.update(due_at=timezone.now() - timedelta(days=3))
    assert application.number in text(desk(chief).get(f"{LIST}?view=late"))
    assert desk(cast.street).get(f"{LIST}?view=late").status_code == 403
    assert "view=late" not in desk(cast.street).get(LIST).content.decode()


def test_the_list_is_paged_by_key_with_as_many_queries_for_many_as_for_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SIZE", 3)
    first, client = asked(cast), desk(cast.street)
    client.get(LIST)
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    office, due = Department.objects.get(kind="street", region="360924"), Thread.objects.get().due_at
    for number in range(1, 7):
        more = filled(cast)
        Thread.objects.create(
            application=more, department=office, last_at=timezone.now(), due_at=due + timedelta(minutes=number)
        )
    with CaptureQueriesContext(connection) as many:
        page = client.get(LIST)
    assert len(one) == len(many) and page.content.decode().count("rv-q-what") == 3
    assert first.number in text(page)
    seen, address = 3, LIST
    while after := re.search(r'rel="next" href="([^"]+)"', page.content.decode()):
        address = after[1].replace("&amp;", "&")
        page = client.get(address)
        seen += page.content.decode().count("rv-q-what")
    assert seen == 7


def test_saved_answers_are_ones_own_or_the_departments_by_its_supervisor(cast: Cast) -> None:
    typed = {"title": "领取", "text_zh": "网上下载", "text_en": "", "active": "on"}
    office = Department.objects.get(kind="bureau")
    add = "/admin/reviews/savedanswer/add/"
    assert desk(cast.decider).post(add, typed).status_code == 302
    assert SavedAnswer.objects.get().owner == cast.decider
    assert desk(cast.decider).post(add, typed | {"department": office.pk}).status_code == 200, "not theirs to keep"
    assert desk(cast.supervisor).post(add, typed | {"department": office.pk}).status_code == 302
    shared = SavedAnswer.objects.get(department=office)
    assert desk(cast.decider).post(f"/admin/reviews/savedanswer/{shared.pk}/change/", typed).status_code == 403
    assert (
        desk(cast.supervisor).post(add, typed | {"text_zh": " "}).status_code == 200
        and SavedAnswer.objects.count() == 2
    )
    assert Event.objects.filter(stream=f"savedanswer:{shared.pk}", action="settings_changed").count() == 1


def test_an_empty_list_says_whether_nothing_is_there_or_nothing_fits(cast: Cast) -> None:
    client = desk(cast.street)
    whole, searched = (text(client.get(f"/admin/reviews/savedanswer/{query}")) for query in ("", "?q=nothing"))
    assert "There is nothing here yet." in whole and "Reset filters" not in whole and "Add saved answer" in whole
    assert "Nothing fits what you searched or filtered for." in searched and "Reset filters" in searched
    assert "yielded" not in whole + searched
