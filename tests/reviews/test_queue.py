"""The queue as an official uses it: its views, filters, search, pages, saved filters, and many tasks at once."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from lxml import html

from permits.models import Application, Enterprise, Membership, MobileTag, Promise, Service, Status
from reviews import policy, workflow
from reviews.admin.queue import filters
from reviews.models import Decision, Department, Event, Official, SavedFilter, Task
from tests.cast import filled, person, task_of
from tests.reviews.many import tasks_at_decision

pytestmark = pytest.mark.django_db
QUEUE, FIND, NEXT, MANY = (reverse(f"admin:reviews_task_{name}") for name in ("changelist", "find", "next", "many"))
SAVE = reverse("admin:reviews_savedfilter_save")


def desk_of(user: Any, language: str = "en") -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = language
    return client


def page(response: Any) -> html.HtmlElement:
    assert response.status_code == 200, response
    return html.document_fromstring(response.content.decode())


def numbers(response: Any) -> list[str]:
    return [link.text_content().strip() for link in page(response).xpath("//tr//a[contains(@class, 'rv-number')]")]


def of(*tasks: Task) -> list[str]:
    return [str(task.application.number) for task in tasks]


def link(response: Any, rel: str) -> str:
    found = page(response).xpath(f"//nav[contains(@class, 'rv-q-pages')]//a[@rel='{rel}']/@href")
    return str(found[0]) if found else ""


def words(response: Any) -> str:
    return " ".join(page(response).xpath("//main")[0].text_content().split())


# --- Who sees what ---------------------------------------------------------------------------------------------------


def test_the_views_are_mine_unclaimed_both_and_for_supervisors_all(cast):
    mine, colleagues, free = tasks_at_decision(cast, 3)
    workflow.claim(mine.pk, official=cast.decider)
    workflow.claim(colleagues.pk, official=cast.supervisor)
    desk = desk_of(cast.decider)
    assert numbers(desk.get(QUEUE)) == of(mine, free)
    assert numbers(desk.get(QUEUE, {"which": "mine"})) == of(mine)
    assert numbers(desk.get(QUEUE, {"which": "unclaimed"})) == of(free)
    assert numbers(desk_of(cast.supervisor).get(QUEUE, {"which": "all"})) == of(mine, colleagues, free)


def test_all_is_shown_to_supervisors_only(cast):
    tasks_at_decision(cast, 1)
    response = desk_of(cast.decider).get(QUEUE)
    assert "which=all" not in response.content.decode()
    assert desk_of(cast.decider).get(QUEUE, {"which": "all"}).status_code == 403
    Official.objects.create(user=cast.decider, department=Department.objects.get(kind="health"), role="supervisor")
    assert numbers(desk_of(cast.decider).get(QUEUE, {"which": "all"})) == []  # of the one they supervise, not of all


def test_what_a_rule_keeps_from_an_official_says_so_and_has_no_button(cast):
    """They see that it waits, and for whom it is; the rule is the one by which a claim would be refused."""
    pre_checked, filed, free = tasks_at_decision(cast, 3)
    Official.objects.create(user=cast.street, department=pre_checked.department, role="reviewer")
    Application.objects.filter(pk=filed.application.pk).update(applicant=cast.decider)
    before = Task.objects.create(
        application=pre_checked.application, stage="precheck", kind="precheck", state=Task.State.DONE,
        department=Department.objects.get(kind="street", region="360924"), opened_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    Decision.objects.create(task=before, official=cast.street, outcome="accept", decided_at=timezone.now())
    for official, theirs, why in (
        (cast.street, [filed, free], "You pre-checked this application, so somebody else has to take the final decision."),
        (cast.decider, [pre_checked, free], "You filed this application or act for its enterprise"),
    ):
        rows = page(desk_of(official).get(QUEUE, {"stage": "decision"})).xpath("//tr[@data-row]")
        assert len(rows) == 3
        for task, row in zip((pre_checked, filed, free), rows, strict=True):
            can = bool(row.xpath(".//button[@data-claim]")), bool(row.xpath(".//input[@name='task']"))
            assert can == (task in theirs, task in theirs) and (why in row.text_content()) == (task not in theirs)
            if task not in theirs:
                with pytest.raises(policy.Refused, match=why[:40]):
                    workflow.claim(task.pk, official=official)


@pytest.mark.parametrize("which", ["todo", "mine", "unclaimed", "closed"])
def test_a_reviewer_never_sees_another_departments_tasks(cast, which):
    open_one, done = tasks_at_decision(cast, 2)
    workflow.decide(done.pk, official=cast.decider, outcome="approve")
    for other in (cast.health, cast.street, cast.other_street):
        desk = desk_of(other)
        assert numbers(desk.get(QUEUE, {"which": which})) == []
        for question in (open_one.application.number, cast.enterprise.name, cast.enterprise.uscc):
            assert numbers(desk.get(QUEUE, {"which": which, "q": question})) == []


def test_nobody_without_a_posting_gets_into_the_queue_or_its_doors(cast):
    (task,) = tasks_at_decision(cast, 1)
    for address in (FIND, NEXT, MANY, SAVE):
        for client in (desk_of(cast.owner), Client()):
            response = client.post(address, {"task": task.pk, "action": "claim", "name": "x"})
            assert response.status_code in (302, 403) and "/review/" not in response.headers.get("Location", "")
        looked_at = desk_of(cast.decider).get(address)
        assert looked_at.status_code == 302 and looked_at["Location"] == QUEUE, "as after a log-in in between"
    task.refresh_from_db()
    assert task.claimed_by is None and not SavedFilter.objects.exists()


def test_what_is_closed_is_seen_latest_first(cast):
    first, second, _open = tasks_at_decision(cast, 3)
    for task in (first, second):
        workflow.decide(task.pk, official=cast.decider, outcome="approve")
    response = desk_of(cast.supervisor).get(QUEUE, {"which": "closed"})
    assert numbers(response) == of(second, first)
    assert not page(response).xpath("//input[@name='task']")


def test_from_a_task_one_comes_back_to_the_queue_as_it_was_and_takes_the_next_of_it(cast):
    first, other, third = tasks_at_decision(cast, 3)
    other.application.region = "110101"
    other.application.save(update_fields=["region"])
    desk, filtered = desk_of(cast.decider), f"{QUEUE}?region=360924&due=week"
    desk.get(QUEUE, {"region": "360924", "due": "week", "nonsense": "<"})
    review = reverse("admin:reviews_task_review", args=[first.pk])
    seen = page(desk.get(review))
    assert seen.xpath("//p[@class='rv-back']/a/@href") == [filtered]
    assert seen.xpath("//form[@data-next]/input[@name='query']/@value") == ["region=360924&due=week"]
    typed = {
        "outcome": "approve",
        "then": "next",
        "shown_at": seen.xpath("//form[@data-keep]//input[@name='shown_at']/@value")[0],
    }
    next_one = reverse("admin:reviews_task_review", args=[third.pk])
    assert desk.post(review, typed)["Location"] == desk.post(review, typed)["Location"] == next_one, (
        "a second click, the same"
    )
    assert Task.objects.open().get(claimed_by=cast.decider) == third
    assert desk.post(next_one, {"outcome": "approve", "then": "next"})["Location"] == filtered, "there is no more of it"
    assert desk.post(reverse("admin:reviews_task_claim", args=[other.pk])).status_code == 302
    assert desk.post(reverse("admin:reviews_task_release", args=[other.pk]))["Location"] == filtered


# --- Filters and search ----------------------------------------------------------------------------------------------


def test_each_filter_narrows_the_view(cast):
    now = timezone.now()
    late, _next_month = tasks_at_decision(cast, 2, due=lambda i: now + timedelta(days=-1 if i == 0 else 30))
    elsewhere, returned = tasks_at_decision(cast, 2, first=10, due=lambda i: now + timedelta(days=20 + i))
    elsewhere.application.region = "360983"
    elsewhere.application.enterprise = cast.other_enterprise
    elsewhere.application.save()
    returned.application.status = Status.CORRECTED
    returned.application.save()
    desk = desk_of(cast.decider)
    assert numbers(desk.get(QUEUE, {"due": "overdue"})) == of(late)
    assert numbers(desk.get(QUEUE, {"due": "today"})) == of(late)
    assert numbers(desk.get(QUEUE, {"due": "week"})) == of(late)
    assert numbers(desk.get(QUEUE, {"region": "360983"})) == of(elsewhere)
    assert len(numbers(desk.get(QUEUE, {"region": "360900"}))) == 4  # the city holds both counties
    assert len(numbers(desk.get(QUEUE, {"region": "360000"}))) == 4
    assert numbers(desk.get(QUEUE, {"region": "350000"})) == []
    assert numbers(desk.get(QUEUE, {"returned": "1"})) == of(returned)
    assert numbers(desk.get(QUEUE, {"enterprise": cast.other_enterprise.public_id})) == of(elsewhere)
    assert len(numbers(desk.get(QUEUE, {"service": "resumption"}))) == 4
    assert numbers(desk.get(QUEUE, {"service": "job-retention"})) == []
    assert len(numbers(desk.get(QUEUE, {"stage": "decision"}))) == 4
    assert numbers(desk.get(QUEUE, {"stage": "precheck"})) == []
    assert numbers(desk.get(QUEUE, {"due": "overdue", "returned": "1"})) == []
    assert "Show the whole view" in words(desk.get(QUEUE, {"stage": "precheck"}))


def test_what_makes_no_sense_in_an_address_is_left_out(cast):
    (task,) = tasks_at_decision(cast, 1)
    nonsense = {
        "which": "everything", "service": "'; drop", "stage": "X Y", "region": "36", "due": "never", "returned": "yes",
        "enterprise": "7", "mobile": "1234", "after": "x.y", "before": "9" * 40 + ".1", "q": "\0",
    }  # fmt: skip
    assert numbers(desk_of(cast.decider).get(QUEUE, nonsense)) == of(task)


def test_a_search_finds_by_number_name_and_social_credit_code(cast):
    ours, theirs = tasks_at_decision(cast, 2)
    theirs.application.enterprise = cast.other_enterprise
    theirs.application.save()
    desk = desk_of(cast.decider)

    def found(text: str) -> list[str]:
        response = desk.post(FIND, {"q": text}, follow=True)
        return numbers(response)

    number = ours.application.number
    assert found(number) == of(ours)
    assert found(f" {number.lower().replace('-', '－')} ") == of(ours)  # full-width, as a phone types it
    assert found(number[:15]) == of(ours, theirs)
    assert found(cast.enterprise.name[3:6]) == of(ours)
    assert found(cast.other_enterprise.uscc) == of(theirs)
    assert found(cast.other_enterprise.uscc.lower()) == of(theirs)
    assert found(cast.other_enterprise.uscc[:12]) == of(theirs)
    assert found("100%") == found("_") == []


def test_a_mobiles_last_four_digits_find_it_and_stand_nowhere(cast):
    application = workflow.submit(filled(cast, legal_mobile="13812345679").pk, applicant=cast.owner)
    desk = desk_of(cast.street)
    response = desk.post(FIND, {"q": "5679"})
    address = response.headers["Location"]
    assert "5679" not in address and "mobile=" in address
    shown = desk.get(address)
    assert numbers(shown) == [application.number]
    assert "5679" not in page(shown).xpath("string(//form[@role='search'])")
    assert numbers(desk.post(FIND, {"q": "５６７９"}, follow=True)) == [application.number]
    assert numbers(desk.post(FIND, {"q": "5678"}, follow=True)) == []
    assert numbers(desk_of(cast.other_street).get(address)) == []
    desk.post(SAVE, {"name": "来电", "query": urlsplit(address).query})
    kept = [*MobileTag.objects.values_list("tag", flat=True), *SavedFilter.objects.values_list("query", flat=True)]
    assert len(kept) > 2 and not any("5679" in text for text in kept)
    # typed into an address by hand it is made a digest all the same, and no link of the page repeats it
    by_hand = desk.get(QUEUE, {"q": "5679"})
    assert numbers(by_hand) == [application.number]
    assert "q=5679" not in by_hand.content.decode()


def test_after_a_new_key_they_are_found_once_they_are_indexed_anew(cast, settings):
    derived = hashlib.sha256(b"portal.field-key\0" + settings.SECRET_KEY.encode()).digest()
    settings.FIELD_KEYS = [base64.urlsafe_b64encode(derived).decode()]  # as in production: data has keys of its own
    application = workflow.submit(filled(cast, legal_mobile="13812345679").pk, applicant=cast.owner)
    settings.SECRET_KEY = "another"
    assert numbers(desk_of(cast.street).post(FIND, {"q": "5679"}, follow=True)) == []
    call_command("reindex_mobiles")
    assert numbers(desk_of(cast.street).post(FIND, {"q": "5679"}, follow=True)) == [application.number]


def test_a_search_by_name_is_bounded_and_says_so(cast, monkeypatch):
    tasks = tasks_at_decision(cast, 4)
    last = tasks[-1].application
    last.enterprise = cast.other_enterprise
    last.save()
    desk, name = desk_of(cast.decider), cast.other_enterprise.name
    monkeypatch.setattr(filters.substrings, "names_are_indexed", lambda: False)
    assert numbers(desk.get(QUEUE, {"q": name})) == [last.number]
    assert "searched by name" not in words(desk.get(QUEUE, {"q": name}))
    monkeypatch.setattr(filters, "MOST_COMPARED", 3)
    response = desk.get(QUEUE, {"q": name})
    assert numbers(response) == [] and "Only the 3 most urgent tasks" in words(response)
    assert numbers(desk.get(QUEUE, {"q": last.number})) == [last.number]


# --- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_hold_every_task_once_even_when_all_are_due_at_the_same_time(cast):
    at = timezone.now() + timedelta(hours=1)
    tasks = tasks_at_decision(cast, 60, due=lambda i: at)
    desk, seen, address = desk_of(cast.decider), [], QUEUE
    pages = []
    while address:
        response = desk.get(address)
        pages.append(numbers(response))
        seen += pages[-1]
        address = link(response, "next")
    assert seen == of(*tasks) and [len(each) for each in pages] == [25, 25, 10]
    assert link(desk.get(QUEUE), "prev") == ""
    back = desk.get(link(response, "prev"))
    assert numbers(back) == pages[1]
    first = desk.get(link(back, "prev"))
    assert numbers(first) == pages[0] and link(first, "prev") == ""


def test_a_task_decided_meanwhile_makes_no_page_skip_another(cast):
    tasks = tasks_at_decision(cast, 30)
    desk = desk_of(cast.decider)
    following = link(desk.get(QUEUE), "next")
    for task in (tasks[0], tasks[24]):  # the first, and the very one that the link is made from
        workflow.decide(task.pk, official=cast.supervisor, outcome="approve")
    response = desk.get(following)
    assert numbers(response) == of(*tasks[25:])
    assert numbers(desk.get(link(response, "prev")))[:24] == of(*tasks[1:24], tasks[25])


def test_filters_go_along_to_the_next_page(cast):
    tasks_at_decision(cast, 30)
    address = link(desk_of(cast.decider).get(QUEUE, {"stage": "decision", "which": "unclaimed"}), "next")
    assert parse_qs(urlsplit(address).query).keys() == {"which", "stage", "after"}


@pytest.mark.parametrize("given", [{}, {"which": "all", "q": "竹", "region": "360924", "service": "resumption"}])
def test_the_page_counts_no_rows_and_asks_as_many_queries_for_many_as_for_one(cast, given):
    desk = desk_of(cast.supervisor)
    tasks_at_decision(cast, 1)
    desk.get(QUEUE, given)
    with CaptureQueriesContext(connection) as one:
        desk.get(QUEUE, given)
    tasks = tasks_at_decision(cast, 60, first=10)
    for task in tasks[:5]:
        workflow.claim(task.pk, official=cast.decider)
    with CaptureQueriesContext(connection) as many:
        response = desk.get(QUEUE, given)
    assert len(numbers(response)) == 25
    assert len(many) == len(one) <= 15, [query["sql"][:200] for query in many]
    assert not [query["sql"] for query in many if re.search(r"\bcount\(", query["sql"], re.IGNORECASE)]


# --- Saved filters ---------------------------------------------------------------------------------------------------


def test_a_filter_is_saved_under_a_name_found_again_and_removed(cast):
    desk = desk_of(cast.decider)
    query = "which=unclaimed&stage=decision&due=overdue"
    desk.post(SAVE, {"name": " 逾期 ", "query": query + "&nonsense=1"})
    saved = SavedFilter.objects.get()
    assert (saved.user, saved.name, saved.query) == (cast.decider, "逾期", query)
    (chip,) = page(desk.get(QUEUE)).xpath("//ul[@aria-label='Saved filters']/li/a")
    assert chip.text == "逾期" and chip.get("href") == f"{QUEUE}?{query}"
    desk.post(SAVE, {"name": "逾期", "query": "stage=precheck"})
    assert SavedFilter.objects.get().query == "stage=precheck"
    remove = reverse("admin:reviews_savedfilter_remove", args=[saved.pk])
    desk_of(cast.supervisor).post(remove)
    assert SavedFilter.objects.exists(), "somebody else's is not removed"
    assert desk.post(remove, {"query": query}).headers["Location"] == f"{QUEUE}?{query}"
    assert desk.post(remove).status_code == 302 and not SavedFilter.objects.exists()


def test_nobody_sees_anothers_saved_filters(cast):
    desk_of(cast.decider).post(SAVE, {"name": "mine alone", "query": ""})
    assert "mine alone" not in desk_of(cast.supervisor).get(QUEUE).content.decode()


def test_a_saved_filter_needs_a_name_and_there_are_few_of_them(cast):
    desk = desk_of(cast.decider)
    assert "Give the filter a name" in desk.post(SAVE, {"name": " "}, follow=True).content.decode()
    SavedFilter.objects.bulk_create(SavedFilter(user=cast.decider, name=str(i)) for i in range(SavedFilter.MOST))
    assert "remove one first" in desk.post(SAVE, {"name": "one more"}, follow=True).content.decode()
    assert SavedFilter.objects.count() == SavedFilter.MOST
    desk.post(SAVE, {"name": "3", "query": "due=today"})
    assert SavedFilter.objects.get(name="3").query == "due=today"


# --- Next task -------------------------------------------------------------------------------------------------------


def press_next(desk: Client, queue: Any) -> Any:
    (form,) = page(queue).xpath("//form[@data-next]")
    return desk.post(form.get("action"), dict(form.form_values()))


def test_next_task_takes_the_most_urgent_one_and_opens_it(cast):
    first, second = tasks_at_decision(cast, 2)
    desk, other = desk_of(cast.decider), desk_of(cast.supervisor)
    mine, theirs = desk.get(QUEUE), other.get(QUEUE)
    assert press_next(desk, mine).headers["Location"] == reverse("admin:reviews_task_review", args=[first.pk])
    assert press_next(desk, mine).headers["Location"].endswith(f"/{first.pk}/review/"), "the same form sent twice"
    assert press_next(other, theirs).headers["Location"].endswith(f"/{second.pk}/review/")
    again = desk.get(reverse("admin:reviews_task_review", args=[first.pk]))
    assert "free for you to take" in desk.get(press_next(desk, again).headers["Location"]).content.decode()


def test_next_task_keeps_to_what_is_filtered(cast):
    _urgent, wanted = tasks_at_decision(cast, 2)
    wanted.application.region = "360983"
    wanted.application.save()
    desk = desk_of(cast.decider)
    response = press_next(desk, desk.get(QUEUE, {"region": "360983"}))
    assert response.headers["Location"].endswith(f"/{wanted.pk}/review/")
    nothing = press_next(desk, desk.get(QUEUE, {"region": "360983"}))
    assert nothing.headers["Location"] == f"{QUEUE}?region=360983"


# --- Many at once ----------------------------------------------------------------------------------------------------


def send(desk: Client, tasks: list[Task], action: str, **more: Any) -> Any:
    return desk.post(MANY, {"task": [task.pk for task in tasks], "action": action, **more})


def rows(response: Any) -> dict[str, str]:
    """What the result says of each number."""
    return {
        row.xpath("string(.//a[contains(@class, 'rv-number')])"): " ".join(
            row.xpath("string(.//td[contains(@class, 'rv-q-result')])").split()
        )
        for row in page(response).xpath("//tbody/tr")
    }


def test_many_are_claimed_at_once_and_each_row_says_what_became_of_it(cast):
    tasks = tasks_at_decision(cast, 4)
    workflow.claim(tasks[1].pk, official=cast.supervisor)
    workflow.decide(tasks[2].pk, official=cast.supervisor, outcome="approve")
    desk = desk_of(cast.decider)
    said = rows(send(desk, tasks, "claim"))
    assert said[tasks[0].application.number] == "✓ In your hands now."
    assert "Not done" in said[tasks[1].application.number] and "supervisor" in said[tasks[1].application.number]
    assert "supervisor has decided this task already" in said[tasks[2].application.number]
    assert said == rows(send(desk, tasks, "claim")), "sent twice"
    assert Event.objects.filter(action="claimed", actor=cast.decider).count() == 2


def test_many_are_approved_after_the_list_was_confirmed_each_with_its_event(cast):
    tasks = tasks_at_decision(cast, 5)
    desk = desk_of(cast.decider)
    confirm = send(desk, tasks, "approve")
    assert not Decision.objects.exists(), "the list decides nothing"
    ticked = page(confirm).xpath("//input[@name='task'][@checked]/@value")
    assert [int(pk) for pk in ticked] == [task.pk for task in tasks]
    assert set(rows(confirm).values()) == {"Approve"}
    # between the list and the click: decided by somebody else, taken back by its owner, claimed by a colleague
    workflow.decide(tasks[0].pk, official=cast.supervisor, outcome="reject", reason="存疑")
    workflow.withdraw(tasks[1].application_id, applicant=cast.owner)
    workflow.claim(tasks[2].pk, official=cast.supervisor)
    decided = Decision.objects.get(task=tasks[0])
    said = rows(send(desk, tasks, "approve-confirmed"))
    at = timezone.localtime(decided.decided_at).strftime("%H:%M")
    assert re.search(f"supervisor has decided.*Reject.*{at}", said[tasks[0].application.number])
    assert "withdrawn" in said[tasks[1].application.number]
    assert "supervisor claimed this task" in said[tasks[2].application.number]
    assert all(said[task.application.number].startswith("✓ “Approve” is decided") for task in tasks[3:])
    assert Event.objects.filter(action="approved", actor=cast.decider).count() == 2
    assert said == rows(send(desk, tasks, "approve-confirmed")), "sent twice"
    assert Event.objects.filter(action="approved").count() == Decision.objects.filter(outcome="approve").count() == 2


def test_the_list_leaves_out_what_cant_be_approved_without_a_word(cast):
    fine, mine, disagreed, claimed, done = tasks_at_decision(cast, 5)
    Membership.objects.create(user=cast.decider, enterprise=cast.other_enterprise, role="agent")
    mine.application.enterprise = cast.other_enterprise
    mine.application.save()
    opinion = Task.objects.create(
        application=disagreed.application, stage="countersign", kind="countersign", opened_at=timezone.now(),
        department=Department.objects.get(kind="health"), due_at=timezone.now(), state=Task.State.DONE,
        closed_at=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    Decision.objects.create(
        task=opinion, official=cast.health, outcome="disagree", reason="不足", decided_at=timezone.now()
    )
    workflow.claim(claimed.pk, official=cast.supervisor)
    workflow.decide(done.pk, official=cast.supervisor, outcome="approve")
    tasks = [fine, mine, disagreed, claimed, done]
    desk = desk_of(cast.decider)
    response = send(desk, tasks, "approve")
    assert page(response).xpath("//input[@name='task']/@value") == [str(fine.pk)]
    said = rows(response)
    assert "filed it" in said[mine.application.number]
    assert "disagreed" in said[disagreed.application.number]
    assert "supervisor has it in hand" in said[claimed.application.number]
    assert "closed" in said[done.application.number]
    # and a form that was made by hand gets no further
    said = rows(send(desk, tasks, "approve-confirmed"))
    assert [text for text in said.values() if text.startswith("✓")] == [said[fine.application.number]]


def test_the_list_knows_what_is_owed_and_forgets_what_was_said_before_it_went_back(cast):
    owing, again = tasks_at_decision(cast, 2)
    Promise.objects.create(
        application=owing.application, requirement="canteen_plan", kind="later", made_by=cast.owner,
        made_at=timezone.now(), due_at=timezone.now() + timedelta(days=5),
    )  # fmt: skip
    said_before = Task.objects.create(
        application=again.application, stage="countersign", kind="countersign", opened_at=timezone.now(),
        department=Department.objects.get(kind="health"), due_at=timezone.now(), state=Task.State.DONE,
        closed_at=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    Decision.objects.create(
        task=said_before, official=cast.health, outcome="disagree", reason="不足", decided_at=timezone.now()
    )
    Application.objects.filter(pk=again.application_id).update(round=2)
    desk = desk_of(cast.decider)
    # It is in its second round because of another stage: what the department said stands.
    assert "disagreed" in rows(send(desk, [again], "approve"))[again.application.number]
    said_before.pk, said_before.public_id, said_before.round = None, uuid.uuid4(), 2
    said_before.save()
    Decision.objects.create(task=said_before, official=cast.health, outcome="agree", decided_at=timezone.now())
    response = send(desk, [owing, again], "approve")
    assert page(response).xpath("//input[@name='task']/@value") == [str(again.pk)]
    assert "has not come yet" in rows(response)[owing.application.number]
    assert rows(send(desk, [again], "approve-confirmed"))[again.application.number].startswith("✓")


def test_each_kind_of_stage_has_its_own_word_for_yes(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    for person_, kind, outcome, shown in (
        (cast.street, "street", "accept", "Accept"), (cast.health, "health", "agree", "Agree"),
        (cast.industry, "industry", "agree", "Agree"), (cast.decider, "bureau", "approve", "Approve"),
    ):  # fmt: skip
        task = task_of(application, kind)
        desk = desk_of(person_)
        assert rows(send(desk, [task], "approve")) == {application.number: shown}
        assert rows(send(desk, [task], "approve-confirmed"))[application.number].startswith("✓")
        assert Decision.objects.get(task=task).outcome == outcome


def test_another_departments_tasks_are_not_there_for_many_at_once(cast):
    tasks = tasks_at_decision(cast, 2)
    for action in ("claim", "approve", "approve-confirmed"):
        response = send(desk_of(cast.health), tasks, action)
        assert tasks[0].application.number not in response.content.decode()
        assert "2 of the selected tasks are not yours to see" in response.content.decode()
    assert not Decision.objects.exists() and not Task.objects.exclude(claimed_by=None).exists()


def test_nothing_selected_or_nonsense_is_told_and_does_nothing(cast):
    (task,) = tasks_at_decision(cast, 1)
    desk = desk_of(cast.decider)
    for ids in ([], ["x", "9" * 30, "-1"]):
        response = desk.post(MANY, {"task": ids, "action": "claim", "query": "which=mine"}, follow=True)
        assert "Select at least one task" in response.content.decode()
        assert response.redirect_chain[0][0] == f"{QUEUE}?which=mine"
    assert send(desk, [task], "destroy").status_code == 302


def test_a_list_of_a_hundred_asks_as_many_queries_as_one_of_one(cast):
    tasks = tasks_at_decision(cast, 120)
    desk = desk_of(cast.decider)
    send(desk, tasks[:1], "approve")
    with CaptureQueriesContext(connection) as one:
        send(desk, tasks[:1], "approve")
    with CaptureQueriesContext(connection) as many:
        response = send(desk, tasks, "approve")
    assert len(many) == len(one)
    assert len(page(response).xpath("//input[@name='task']")) == 100, "a hundred at most"


# --- Languages and the page itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "下一件"), ("en", "Next task")])
def test_the_page_speaks_both_languages_and_lists_its_short_cuts(cast, language, said):
    tasks_at_decision(cast, 1)
    response = desk_of(cast.decider, language).get(QUEUE)
    assert said in words(response)
    assert len(page(response).xpath("//dialog//kbd")) == 11
    text = response.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text.split("data-queue")[1]), "no inline script"
    assert 'style="' not in text.split("data-queue")[1].split("</main>")[0]


def test_enterprises_and_services_fill_the_lists_of_the_filter(cast):
    tasks_at_decision(cast, 1)
    shown = page(desk_of(cast.decider).get(QUEUE, {"enterprise": cast.enterprise.public_id}))
    assert [option.get("value") for option in shown.xpath("//select[@name='service']/option")] == [
        "", *Service.objects.values_list("slug", flat=True)
    ]  # fmt: skip
    assert {"precheck", "countersign", "decision"} <= set(shown.xpath("//select[@name='stage']/option/@value"))
    assert "360924" in shown.xpath("//select[@name='region']/option/@value")
    assert Enterprise.objects.get(pk=cast.enterprise.pk).name in shown.xpath("string(//div[@class='rv-q-chosen'])")


def test_ops_without_a_posting_have_an_empty_queue_and_no_next_task(cast):
    tasks_at_decision(cast, 1)
    desk = desk_of(person("ops", is_staff=True, is_superuser=True))
    assert numbers(desk.get(QUEUE)) == []
    assert desk.post(NEXT).headers["Location"] == QUEUE
    assert desk.get(QUEUE, {"which": "all"}).status_code == 403
