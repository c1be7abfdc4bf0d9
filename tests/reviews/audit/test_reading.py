"""Reading the log: in sentences, by filters, as a file; and who looked at what is in it too."""

from __future__ import annotations

import base64
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from permits.models import Application
from reviews import guidance, lifecycle, policy, workflow
from reviews.admin.queue import paging
from reviews.audit import archive, log, merkle, naming, reads, sealing, story, tree
from reviews.models import Event
from tests.cast import filled, holder, task_of
from tests.reviews.steps import submitted

LOG = "admin:reviews_event_changelist"


def desk_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def auditor(db):
    return desk_of(holder("audit_admin", "auditor"))


@pytest.fixture
def application(cast) -> Application:
    cache.clear()
    return submitted(cast)


@pytest.mark.parametrize("action", sorted(log.ACTIONS))
def test_every_action_has_its_own_sentence_in_both_languages(action):
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said[language] = str(story.SENTENCES[action])
    assert said["zh-hans"] != said["en"]
    assert list(story.SENTENCES.values()).count(story.SENTENCES[action]) == 1

    def gaps(text: str) -> set[str]:
        return {part.split(")")[0] for part in text.split("%(")[1:]}

    assert gaps(said["zh-hans"]) == gaps(said["en"])
    assert list(Formatter().parse(said["en"]))  # and no braces that a format would trip over


def told(
    action: str, language: str = "en", *, role: str = "system", names: naming.Names | None = None, **said: Any
) -> str:
    columns = {name: said.pop(name, "") for name in ("before", "after")}
    entry = log.compose(action=action, actor=None, role=role, at=datetime.now(UTC), stream=said.pop("stream", "x:1"),
                        seq=1, prev_hash="", data=said, **columns)  # fmt: skip
    with translation.override(language):
        return story.sentence(entry.event, names or naming.Names())


def test_of_one_it_is_said_as_of_one_and_of_several_as_of_several():
    for action, (counted, _words) in story.OF_ONE.items():
        few = {"called": "gate", "way": "written"} | {counted: 1}
        assert not re.search(r"\b1 \w+s\b|\b1\b", told(action, **few)), action
        assert "3 " in told(action, **few | {counted: 3})


RAISED = re.compile(r'Refused\(\s*"([a-z_]+)",')


def test_every_rule_and_every_step_that_is_refused_has_its_words_in_both_languages():
    files = [policy.__file__, guidance.__file__, *Path(workflow.__file__).parent.glob("*.py")]
    source = "".join(Path(file).read_text() for file in files)
    rules = {rule for rule, _holds, _words in policy.RULES} | set(policy.RANK) | set(RAISED.findall(source))
    assert rules == set(naming.RULES)
    steps = set(naming.STEPS) | set(lifecycle.ACTIONS)
    for key, known in [("rule", rules), ("step", steps)]:
        for each in known:
            said = {
                language: told("refused", language, **{"rule": "", "step": "", key: each})
                for language in ("zh-hans", "en")
            }
            assert said["en"] != said["zh-hans"] and not any(f"“{each}”" in words for words in said.values())


@pytest.mark.parametrize(
    ("action", "said", "words"),
    [
        ("refused", {"step": "accept", "rule": "own_department"}, "tried “Accept”; the rule “a task is for its own department”"),
        ("role_granted", {"after": "audit_admin"}, "granted a role: Audit administrator."),
        ("posted", {"department": "health", "region": "360924", "after": "reviewer"}, "to Health of Yifeng: Reviewer."),
        ("posted", {"department": "health", "region": "360926", "after": "reviewer"}, "to Health of Tonggu: Reviewer."),
        ("suspended", {"kind": "hearing"}, "(Hearing)"),
        ("aftercheck_opened", {"requirements": ["a", "b"]}, "a, b."),
        ("settings_changed", {"stream": "calendarday:1", "working": ["False", "True"]}, "settings: "),
        ("reminded", {"of": "corrections"}, "time is running short"),
        ("reassigned", {"from": None, "to": "0" * 8 + "-0000-0000-0000-" + "1" * 12}, "from — to Li."),
        ("delegated", {"to": "x", "from": "2020-02-10T01:00:00+00:00", "until": "someday"}, "from 2020-02-10 09:00 until someday"),
    ],
)  # fmt: skip
def test_a_sentence_says_what_the_data_says_in_words(action, said, words):
    names = naming.Names(
        {"0" * 8 + "-0000-0000-0000-" + "1" * 12: "Li"},
        {("health", "360924"): "Health of Yifeng", ("health", "360926"): "Health of Tonggu"},
    )
    assert words in told(action, names=names, **said)


def test_several_roles_are_listed_by_their_names():
    with translation.override("en"):
        assert naming.role_words("system_admin+service_owner", {}) == "System administrator, Service owner"


def test_no_sentence_is_of_an_action_that_there_is_not():
    assert set(story.SENTENCES) == set(log.ACTIONS) and set(naming.LOOKS) == reads.WHAT


@pytest.mark.django_db
def test_the_story_is_told_by_names(application, cast):
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    events = list(Event.objects.filter(application=application).select_related("actor").order_by("seq"))
    with translation.override("en"):
        names = naming.Names.of(events)
        told = [story.sentence(event, names) for event in events]
    assert told[0].startswith("owner (Applicant) sent application 36")
    assert any(each.startswith("street (Reviewer · ") and "accepted" in each for each in told)
    assert any(
        "from stage Pre-check by the town or street office to stage" in each and "Health Commission, Yifeng" in each
        for each in told
    )


@pytest.mark.django_db
class TestLooking:
    def looked(self, application: Application) -> list[tuple[str, str]]:
        return [(str(event.actor), log.data_of(event)["what"]) for event in reads.of(application)]

    def test_is_one_event_an_hour_and_official(self, application, cast):
        address = reverse("admin:reviews_task_review", args=[application.tasks.get().pk])
        desk = desk_of(cast.street)
        for _each in range(3):
            assert desk.get(address).status_code == 200
        assert self.looked(application) == [("street", "review")]
        desk_of(cast.other_street).get(address)  # not theirs: nothing was shown
        assert len(self.looked(application)) == 1
        cache.clear()  # an hour later
        desk.get(address)
        assert len(self.looked(application)) == 2
        assert not application.events.filter(action="looked").exists()  # the applicant's own chain is as it was

    def test_asks_nothing_more_when_the_hour_has_it(self, application, cast):
        address = reverse("admin:reviews_task_review", args=[application.tasks.get().pk])
        desk = desk_of(cast.street)
        counts = []
        for _each in range(3):
            with CaptureQueriesContext(connection) as seen:
                desk.get(address)
            counts.append(len(seen))
        assert counts[1] == counts[2] and counts[0] - counts[1] <= 4

    def test_at_a_mobile_an_enterprise_and_an_account_is_on_record(self, application, cast):
        desk_of(cast.street).get(reverse("admin:reviews_task_changelist"), {"mobile": "a" * 32})
        assert Event.objects.get(stream=reads.stream_of(cast.street)).actor == cast.street
        ops = holder("system_admin", "ops")
        desk_of(ops).get(reverse("admin:permits_enterprise_change", args=[cast.enterprise.pk]))
        desk_of(ops).get(reverse("admin:permits_user_change", args=[cast.owner.pk]))
        assert Event.objects.get(stream=reads.stream_of(cast.enterprise)).actor == ops
        assert Event.objects.get(stream=reads.stream_of(cast.owner)).actor == ops
        desk_of(cast.street).get(reverse("admin:permits_enterprise_change", args=[cast.enterprise.pk]))
        assert Event.objects.filter(stream=reads.stream_of(cast.enterprise)).count() == 1

    def test_shows_nothing_when_it_cannot_be_put_on_record(self, application, cast, monkeypatch):
        def broken(**_data: object) -> None:
            raise OSError("no")

        monkeypatch.setattr(log, "record", broken)
        desk = desk_of(cast.street)
        desk.raise_request_exception = False
        answer = desk.get(reverse("admin:reviews_task_review", args=[application.tasks.get().pk]))
        assert answer.status_code == 500 and application.number not in answer.content.decode()

    def test_holds_together_as_a_chain(self, application, cast):
        reads.note(cast.street, application, "review", role="official")
        reads.note(cast.street, application, "file", role="official", file="x")
        from reviews.audit.chains import first_broken_link

        assert first_broken_link(reads.stream_of(application)) is None


@pytest.mark.production  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
def test_many_look_at_once_and_each_is_on_record(cast):
    cache.clear()
    application = submitted(cast)

    def look(user) -> None:
        try:
            reads.note(user, application, "review", role="official")
        finally:
            connections.close_all()

    people = [cast.street, cast.health, cast.industry, cast.decider, cast.supervisor, cast.other_street]
    threads = [threading.Thread(target=look, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = reads.of(application)
    assert {event.actor for event in events} == set(people)
    assert [event.seq for event in events] == list(range(len(people), 0, -1))


@pytest.mark.django_db
class TestTheAuditorsPage:
    def test_filters_by_actor_number_action_and_time(self, auditor, application, cast):
        other = workflow.submit(filled(cast).pk, applicant=cast.owner)

        def rows(**given: str) -> str:
            return auditor.get(reverse(LOG), given).content.decode()

        assert application.number in rows() and other.number in rows()
        assert application.number in rows(number=application.number) and other.number not in rows(
            number=application.number
        )
        assert application.number not in rows(number="360924-20200210-000009-X")
        assert application.number in rows(actor="owner@test.invalid")
        assert application.number not in rows(actor="nobody@test.invalid")
        assert application.number in rows(action="submitted") and application.number not in rows(action="rated")
        for given in ({"until": "2020-01-01"}, {"since": "2999-01-01 08:00"}):
            assert application.number not in rows(**given)
        for given in ({"since": "2020-01-01", "until": "2999-12-31"}, {"since": "someday"}):
            assert application.number in rows(**given)

    def test_asks_as_many_queries_for_many_as_for_one_and_counts_nothing(self, auditor, application, cast):
        auditor.get(reverse(LOG))
        with CaptureQueriesContext(connection) as few:
            auditor.get(reverse(LOG))
        for _each in range(5):
            workflow.submit(filled(cast).pk, applicant=cast.owner)
        with CaptureQueriesContext(connection) as many:
            auditor.get(reverse(LOG))
        assert len(few) == len(many)
        assert not [query["sql"] for query in many if "COUNT(" in query["sql"].upper()]

    def test_is_turned_by_key_whatever_is_written_meanwhile(self, auditor, cast, monkeypatch):
        monkeypatch.setattr(paging, "SIZE", 2)
        numbers = [workflow.submit(filled(cast).pk, applicant=cast.owner).number for _each in range(5)][::-1]

        def turned(rel: str, address: str) -> tuple[list[str], str]:
            page = auditor.get(address).content.decode()
            link = re.search(rf'rel="{rel}" href="([^"]*)"', page)
            address = reverse(LOG) + unescape(link[1]) if link else ""
            return [number for number in numbers if f">{number}<" in page], address

        seen, address, pages = [], f"{reverse(LOG)}?action=submitted", []
        while address:
            pages.append(address)
            shown, address = turned("next", address)
            seen += shown
            workflow.submit(filled(cast).pk, applicant=cast.owner)
        assert seen == numbers and len(pages) == 3
        assert turned("prev", pages[2])[1].split("?")[1].startswith("action=submitted&before=")
        assert turned("next", turned("prev", pages[2])[1])[0] == numbers[2:4]
        with CaptureQueriesContext(connection) as asked:
            auditor.get(pages[2])
        assert not [query["sql"] for query in asked if "OFFSET" in query["sql"] or "COUNT(" in query["sql"]]

    @pytest.mark.parametrize(
        ("filters", "index"),
        [({"actor": 1}, "event_by_actor_and_time"), ({"action": "looked"}, "event_by_action_and_time"), ({}, "event_by_time_and_id"),
         ({"actor": 1, "at__gte": datetime(2020, 2, 1, tzinfo=UTC)}, "event_by_actor_and_time")],
    )  # fmt: skip
    def test_has_an_index_behind_each_filter_that_ends_in_the_order_of_the_pages(self, filters, index):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # a handful of rows is read as quickly by any index, or none
                cursor.execute(
                    "INSERT INTO reviews_event (stream, seq, action, role, at, before, after, payload, prev_hash, hash) "
                    "SELECT 'many:' || n, 1, 'action' || n % 40, '', now() - n * interval '1 hour', '', '', '{}', '', '' "
                    "FROM generate_series(1, 4000) AS n"
                )
                cursor.execute("ANALYZE reviews_event")
                cursor.execute(
                    "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
                )
        plan = paging.in_order(Event.objects.filter(**filters), latest_first=True, by="at").explain()
        assert index in plan and "TEMP B-TREE" not in plan and "Sort" not in plan

    def test_who_looked_is_one_click_and_keeps_the_other_filters(self, auditor, application, cast):
        reads.note(cast.street, application, "review", role="official")
        page = auditor.get(reverse(LOG), {"number": application.number}).content.decode()
        address = re.search(r'href="(\?[^"]*action=looked[^"]*)"[^>]*>(Who looked|谁查看过)', page)
        shown = auditor.get(reverse(LOG) + unescape(address[1])).content.decode()
        assert application.number in address[1] and shown.count("field-sentence") == 1

    def test_one_event_says_what_happened_and_where_it_is_sealed(self, auditor, application):
        event = application.events.first()
        address = reverse("admin:reviews_event_change", args=[event.pk])
        assert application.number in auditor.get(address).content.decode()
        assert "尚未" in auditor.get(address).content.decode()
        sealing.seal()
        page = auditor.get(address).content.decode()
        event = Event.objects.get(pk=event.pk)
        assert "尚未" not in page and re.search(rf">\s*{event.leaf.index}\s*<", page)

    def test_what_is_filtered_is_taken_out_with_proofs_and_that_is_on_record(self, auditor, application, cast):
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="decline", reason="不属于本地")
        sealing.seal()
        workflow.object_to(application.pk, applicant=cast.owner, text="请再看")
        answer = auditor.get(reverse("admin:reviews_event_export"), {"number": application.number})
        *events, last = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
        assert last == {"checkpoint": tree.latest().note, "archives": []}
        checkpoint = tree.latest()
        assert len(events) == Event.objects.filter(application=application).count()
        for each in events:
            if "leaf" in each:
                proof = [base64.b64decode(part) for part in each["proof"]]
                leaf = merkle.leaf_hash(each["payload"].encode())
                assert merkle.verify_inclusion(leaf, each["leaf"], checkpoint.size, proof, checkpoint.root)
        assert "leaf" in events[0] and "leaf" not in events[-1]
        assert next(each["reason"]["text"] for each in events if each["reason"]) == "不属于本地"
        assert Event.objects.get(action="log_exported").note.text == f"number={application.number}"

    def test_what_was_archived_is_said_and_taken_out_too(self, auditor, application, cast, settings, tmp_path):
        settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="decline", reason="不属于本地")
        sealing.seal()
        year = timezone.localtime(timezone.now()).year
        archive.archive_year(year, now=timezone.now() + timedelta(days=400)).__next__()
        number = {"number": application.number}
        assert (
            f"归入 {year} 年的归档" in auditor.get(reverse("admin:reviews_event_changelist"), number).content.decode()
        )
        answer = auditor.get(reverse("admin:reviews_event_export"), number)
        *events, last = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
        assert [json.loads(each["payload"])["action"] for each in events] == ["submitted", "declined"]
        assert all("proof" in each for each in events) and last["archives"][0]["events"] == 2

    def test_whom_an_export_was_filtered_by_is_not_in_the_log_itself(self, auditor, application):
        for _each in range(2):
            auditor.get(reverse("admin:reviews_event_export"), {"actor": "owner@test.invalid"})
        taken = Event.objects.filter(action="log_exported")
        assert [event.note.text for event in taken] == ["actor=owner%40test.invalid"] * 2
        assert not [event for event in taken if "owner" in event.payload]

    def test_reading_the_words_of_an_event_is_on_record(self, auditor, application, cast):
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="decline", reason="不属于本地")
        declined, sent = (application.events.get(action=action) for action in ("declined", "submitted"))
        for event, words in ((sent, ""), (declined, "不属于本地"), (declined, "不属于本地")):
            page = auditor.get(reverse("admin:reviews_event_change", args=[event.pk])).content.decode()
            assert words in page
        assert [log.data_of(look) for look in reads.of(application)] == [
            {"what": "words", "event": f"{declined.stream} #{declined.seq}"}
        ]

    def test_is_for_the_auditor_only(self, application, cast):
        for user in (cast.street, cast.supervisor, holder("system_admin", "ops")):
            assert desk_of(user).get(reverse("admin:reviews_event_export")).status_code in (302, 403)
        assert not Event.objects.filter(action="log_exported").exists()
