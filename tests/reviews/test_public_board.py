"""The public board: nothing on it tells of fewer than five, whatever is asked of it; and it counts each step once."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from permits.models import Service
from reviews import public_board, public_counting, workflow
from reviews import public_steps as steps
from reviews.audit import sealing
from reviews.models import PublicCount, PublicCounting, PublicStep
from tests.reviews.steps import TUESDAY, approved, submitted

DAY = date(2026, 11, 2)
ENDINGS = [
    steps.approved(2, on_time=True),
    steps.approved(30, on_time=False),
    steps.rejected(True),
    steps.rejected(False),
    steps.ENDED,
]
FILINGS = st.lists(
    st.tuples(
        st.integers(0, 5),  # the day it was filed
        st.sampled_from([(1, "360924"), (1, "360983"), (2, "360924")]),
        st.none() | st.tuples(st.integers(0, 5), st.sampled_from(ENDINGS), st.sampled_from(["", steps.GOOD, steps.BAD])),
    ),
    max_size=90,
)  # fmt: skip


def happened(filings):
    """What happened, in order: each filing filed, later ended, then perhaps rated."""
    found = []
    for filed, key, end in filings:
        found.append((DAY + timedelta(days=filed), 0, key, steps.FILED))
        if end:
            after, ending, rating = end
            found.append((DAY + timedelta(days=filed + after), 1, key, ending))
            if rating:
                found.append((DAY + timedelta(days=filed + after), 2, key, rating))
    return [(day, key, measure) for day, _order, key, measure in sorted(found)]


def taken_at_its_word(shown):
    """The truth that what is shown would be if nothing were hidden: five of each for a five, filings before their ends."""
    order = {steps.FILED: 0, steps.GOOD: 2, steps.BAD: 2}
    return [
        (day, key, measure)
        for (day, key, measure), fives in sorted(shown.items(), key=lambda each: (each[0][0], order.get(each[0][2], 1)))
        for _each in range(fives * steps.K)
    ]


@given(FILINGS)
def test_what_is_shown_could_be_all_there_is_so_no_arithmetic_finds_a_cell_of_one_to_four(filings):
    """An attacker may subtract, divide and compare at will: whatever they do gives the same for a truth without such cells."""
    shown = steps.take_all({}, happened(filings))
    other = taken_at_its_word(shown)
    # that truth is possible: nothing ends that wasn't filed, nothing is rated that hasn't ended, on any day
    filed: Counter = Counter()
    ended: Counter = Counter()
    rated: Counter = Counter()
    for _day, key, measure in other:
        (filed if measure == steps.FILED else ended if steps.closes(measure) else rated)[key] += 1
        assert rated[key] <= ended[key] <= filed[key]
    # it has no small cell: by day, stream and measure, nor in what is in hand
    assert not [n for n in Counter(other).values() if 0 < n < steps.K]
    assert not [key for key in filed if 0 < filed[key] - ended[key] < steps.K]
    # and it would be shown as just the same
    assert steps.take_all({}, other) == shown


@given(FILINGS)
def test_a_count_is_never_more_than_four_too_low_and_counting_in_pieces_is_counting_at_once(filings):
    events = happened(filings)
    streams: dict = {}
    shown = steps.take_all(streams, events)
    for stream in streams.values():
        for measure, seen in stream.seen.items():
            hidden = seen - stream.shown[measure]
            assert hidden >= 0 and stream.shown[measure] % steps.K == 0
            assert hidden < steps.K or measure in (steps.GOOD, steps.BAD)
    pieces: dict = {}
    assert (
        steps.take_all(pieces, events[: len(events) // 2]) + steps.take_all(pieces, events[len(events) // 2 :]) == shown
    )


@given(st.floats(0, 500))
def test_an_approval_stands_at_the_first_bound_that_holds_it(hours):
    bound = int(steps.approved(hours, True).rsplit(".", 1)[1])
    assert (bound == steps.LONG and hours > steps.BOUNDS[-1]) or hours <= bound
    assert all(hours > each for each in steps.BOUNDS if bound and each < bound)


def sealed():
    sealing.seal()
    return public_counting.count()


def published(page_of: Client, **query) -> list[bytes]:
    return [page_of.get(address, query).content for address in ("/board/", "/board/figures.csv", "/board/figures.json")]


@pytest.mark.django_db
class TestCounting:
    def test_four_are_not_shown_and_the_fifth_shows_them_all_once(self, cast):
        for _ in range(4):
            submitted(cast)
        assert sealed() and not PublicStep.objects.exists()
        submitted(cast)
        sealed()
        assert list(PublicStep.objects.values_list("region", "measure", "fives")) == [("360924", "filed", 1)]
        assert public_counting.count() == 0 and PublicStep.objects.get().fives == 1
        PublicCounting.objects.update(counted_at=None)
        call_command("count_board", verbosity=0)
        assert PublicStep.objects.get().fives == 1 and PublicCounting.objects.get().counted_at

    def test_an_approval_counts_with_its_hours_and_whether_it_kept_its_promise(self, cast):
        application = approved(cast)
        workflow.rate(application.pk, applicant=cast.owner, score=2)
        submitted(cast)
        workflow.withdraw(submitted(cast).pk, applicant=cast.owner, now=TUESDAY)
        sealed()
        assert dict(PublicCount.objects.values_list("measure", "seen")) == {
            "filed": 3, "approved.on.1": 1, "bad": 1, "ended": 1,
        }  # fmt: skip


def shown(service: Service, *rows: tuple[str, str, int, int], today: date = DAY) -> None:
    """Steps as they would be counted: region, measure, days before today, fives."""
    for region, measure, before, fives in rows:
        PublicStep.objects.create(
            service=service, region=region, measure=measure, day=today - timedelta(days=before), fives=fives
        )
        count, _new = PublicCount.objects.get_or_create(service=service, region=region, measure=measure)
        count.seen += 5 * fives
        count.shown += 5 * fives
        count.save()


@pytest.mark.django_db
class TestFigures:
    def test_by_service_region_and_week(self, published):
        shown(
            published, ("360924", "filed", 0, 6), ("360924", "approved.on.3", 0, 2), ("360924", "approved.on.1", 0, 1),
            ("360983", "approved.late.21", 8, 1), ("360983", "filed", 8, 2), ("360983", "rejected.on", 8, 1),
            ("360924", "good", 0, 3), ("360924", "bad", 0, 1),
        )  # fmt: skip
        found = public_board.figures(public_board.Asked(region="360900"), today=DAY)
        assert found.total == {
            "filed": 40, "approved": 20, "rejected": 5, "hand": 15, "median": 3.0, "most": 21.0, "on_time": 80.0,
            "satisfied": 75.0,
        }  # fmt: skip
        by_region = {code: numbers["filed"] for of, code, _name, numbers in found.rows if of == "region"}
        assert by_region == {"360924": 30, "360983": 10}
        weeks = [numbers["filed"] for of, _code, _name, numbers in found.rows if of == "week"]
        assert len(weeks) == 26 and weeks[-3:] == [10, "<5", 30]
        assert public_board.figures(public_board.Asked(region="430000"), today=DAY).total["filed"] == "<5"
        assert public_board.figures(public_board.Asked(service="none"), today=DAY).total["filed"] == "<5"

    def test_a_bound_is_said_in_words(self):
        assert public_board.within(None) == "—"
        assert {public_board.within(each) for each in (1.0, 7.0, 21.0, float("inf"))} == {
            "1 个工作小时", "1 个工作日", "3 个工作日", "超过 20 个工作日",
        }  # fmt: skip

    def test_weeks_and_months_begin_where_they_do(self):
        assert public_board.begins("week", date(2026, 11, 26), 1) == date(2026, 11, 16)
        assert public_board.begins("month", date(2026, 2, 26), 3) == date(2025, 11, 1)


@pytest.mark.django_db
class TestPage:
    def test_it_costs_as_much_for_many_as_for_one_and_may_be_kept(self, published, django_assert_num_queries):
        client, today = Client(), date.today()
        for round_ in range(2):
            shown(
                published,
                *[(code, "filed", round_ * 3 + n, 1) for n, code in enumerate(("360924", "360983", "360902"))],
                today=today,
            )
            with django_assert_num_queries(6):
                page = client.get("/board/")
        assert page.status_code == 200 and "<svg" in page.content.decode()
        assert client.get("/board/", headers={"If-None-Match": page["ETag"]}).status_code == 304
        assert "max-age" in page["Cache-Control"]
        files = client.get("/board/figures.csv")
        assert "public" in files["Cache-Control"] and client.get("/board/figures.exe").status_code == 404
        rows = list(csv.DictReader(StringIO(files.content.decode("utf-8-sig"))))
        told = json.loads(client.get("/board/figures.json").content)
        assert [row["filed"] for row in rows] == [str(row["filed"]) for row in told["rows"]]
        assert next(row for row in rows if row["of"] == "service")["filed"] == "30"

    def test_what_is_below_five_leaves_no_trace_in_any_file_under_any_filter(self, published):
        """Two truths that differ in hidden counts only are published byte for byte alike."""
        shown(published, ("360924", "filed", 0, 2), ("360983", "approved.on.3", 0, 1), today=date.today())
        PublicCounting.objects.create(pk=1)
        client = Client()
        client.get("/board/")

        def everything():
            return [
                client.get(f"/board/figures.{form}", {"per": per, "region": region, "service": service}).content
                for form in ("csv", "json") for per in public_board.SPANS for region in ("", "360000", "360900", "360924")
                for service in ("", "resumption")
            ]  # fmt: skip

        before, page = everything(), client.get("/board/").content
        PublicCount.objects.filter(region="360924").update(seen=14)
        PublicCount.objects.create(service=published, region="360902", measure="rejected.late", seen=4)
        assert everything() == before
        assert len(client.get("/board/").content) == len(page)  # the token of the form changes, nothing else
