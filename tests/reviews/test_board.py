"""The supervisor's board: figures by hand, whose they are, and what is taken along."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring
from openpyxl import load_workbook

from permits.models import Service, User
from reviews import board, calendars, workflow
from reviews.admin.board import inert
from reviews.admin.plots import plot
from reviews.models import Task
from tests.cast import filled, person, post, task_of
from tests.reviews.steps import TUESDAY, accepted, countersigned, say, submitted
from tests.reviews.test_admin import desk_of

HOUR = timedelta(hours=1)
PAGE = "/admin/reviews/task/board/"


@given(st.lists(st.floats(0, 1000), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_time_that_was_taken_and_so_many_are_within_it(values, per_cent):
    found = board.percentile(values, per_cent)
    assert found in values
    within = sum(value <= found for value in values)
    assert 100 * within >= per_cent * len(values)
    assert 100 * sum(value < found for value in values) < per_cent * len(values)


def test_of_nothing_there_is_no_percentile():
    assert board.percentile([], 50) is None and board.percentile([3.0], 90) == 3.0


def scope_at(user, **narrowed):
    return replace(board.scope_of(user, **narrowed), since=TUESDAY - timedelta(days=1))


def table(scope, key, now=TUESDAY + timedelta(days=1)):
    return next(one for one in board.tables(scope, now) if one.key == key)


@pytest.fixture
def chief(cast):
    return post("chief", "street", supervisor=True)


@pytest.mark.django_db
class TestFigures:
    def decided(self, cast, hours):
        """A pre-check that took so long from Tuesday 09:30; the promise of its stage is an hour."""
        application = submitted(cast)
        say(application, "street", cast.street, "accept", now=TUESDAY + hours * HOUR)

    def test_working_hours_leave_out_lunch_and_the_share_on_time_is_of_what_was_decided(self, cast, chief):
        self.decided(cast, 0.5)  # 10:00, on time
        self.decided(cast, 1)  # 10:30, on time to the minute
        self.decided(cast, 5)  # 14:30: 2.5 h before lunch and 1 h after it
        withdrawn = submitted(cast)
        workflow.withdraw(withdrawn.pk, applicant=cast.owner, now=TUESDAY + HOUR)
        (row,) = table(scope_at(chief), "closed").rows
        assert row[2:] == [3, 66.7, 1.0, 3.5, 0]

    def test_a_night_and_a_weekend_are_not_worked(self, cast, chief):
        application = submitted(cast)
        friday_to_monday = TUESDAY + timedelta(days=6)
        say(application, "street", cast.street, "accept", now=friday_to_monday)
        (row,) = table(scope_at(chief), "closed", friday_to_monday + HOUR).rows
        assert row[2:] == [1, 0.0, 28.0, 28.0, 0]  # four working days of seven hours

    def test_a_holiday_is_not_worked(self, cast, chief):
        calendars.load([{"date": (TUESDAY + timedelta(days=1)).date(), "working": False, "note": "停工日"}])
        application = submitted(cast)
        say(application, "street", cast.street, "accept", now=TUESDAY + timedelta(days=2, hours=1))
        (row,) = table(scope_at(chief), "closed", TUESDAY + timedelta(days=3)).rows
        assert row[2:] == [1, 0.0, 8.0, 8.0, 0]  # 6.5 h of Tuesday, none of Wednesday, 1.5 h of Thursday

    def test_hours_of_a_special_procedure_are_nobodys_and_nothing_is_overdue_meanwhile(self, cast):
        application = countersigned(cast)
        task = task_of(application, "bureau")
        workflow.claim(task.pk, official=cast.decider, now=TUESDAY)
        began, ended = TUESDAY + HOUR / 2, TUESDAY + timedelta(days=3)
        workflow.suspend(task.pk, official=cast.decider, kind="experts", reason="请专家评审", now=began)
        scope = scope_at(cast.supervisor)
        much_later = TUESDAY + timedelta(days=60)
        (row,) = table(scope, "open", much_later).rows
        assert row[2:] == [1, 0, 0, 0, 1, 0]  # half an hour old, in the first column, and not overdue
        assert table(scope, "load", much_later).rows == [["decider", 1, 0, 0], ["supervisor", 0, 0, 0]]
        workflow.resume(application.pk, official=cast.decider, now=ended)
        say(application, "bureau", cast.decider, "approve", now=ended + HOUR / 4)
        (row,) = table(scope, "closed", ended + HOUR).rows
        assert row[2:] == [1, 100.0, 0.75, 0.75, 0]
        assert next(row for row in board.task_rows(scope, ended + HOUR) if row[0] == application.number)[8] == 0.75

    def test_what_silence_ended_is_in_no_share_but_is_not_hidden(self, cast, chief):
        application = submitted(cast)
        now = TUESDAY + timedelta(days=14)
        assert workflow.deem_accepted(application.pk, now=now)
        (row,) = table(scope_at(chief), "closed", now + HOUR).rows
        assert row[2:] == [0, None, None, None, 1]

    @pytest.mark.parametrize(("began", "overdue"), [(HOUR / 2, 0), (timedelta(days=1), 1)])
    def test_what_is_withdrawn_in_a_special_procedure_was_overdue_only_if_it_was_before(self, cast, began, overdue):
        application = countersigned(cast)
        task = task_of(application, "bureau")
        workflow.suspend(task.pk, official=cast.decider, kind="experts", reason="请专家评审", now=TUESDAY + began)
        workflow.withdraw(application.pk, applicant=cast.owner, now=TUESDAY + timedelta(days=30))
        found = table(scope_at(cast.supervisor), "closed", TUESDAY + timedelta(days=31)).rows
        assert sum(row[-1] for row in found) == overdue

    def test_what_is_open_is_counted_by_age_and_what_is_overdue(self, cast, chief):
        submitted(cast)
        for now, ages in ((TUESDAY + HOUR / 2, [1, 0, 0, 0]), (TUESDAY + timedelta(days=2), [0, 1, 0, 0]),
                          (TUESDAY + timedelta(days=20), [0, 0, 0, 1])):  # fmt: skip
            (row,) = table(scope_at(chief), "open", now).rows
            assert row[2:6] == ages and row[6] == 1
            assert row[7] == (now > TUESDAY + HOUR)

    def test_the_load_of_today_by_official(self, cast, chief):
        first, second = submitted(cast), submitted(cast)
        workflow.claim(task_of(first, "street").pk, official=cast.street, now=TUESDAY)
        say(second, "street", cast.street, "accept", now=TUESDAY + HOUR)
        rows = table(scope_at(chief), "load", TUESDAY + 2 * HOUR).rows
        assert rows == [["street", 1, 1, 1], [chief.name, 0, 0, 0]]

    def test_a_promise_kept_and_one_broken(self, cast, chief):
        kept, broken = submitted(cast), submitted(cast)
        say(kept, "street", cast.street, "decline", reason="不属于本地", now=TUESDAY + HOUR)
        say(broken, "street", cast.street, "decline", reason="不属于本地", now=TUESDAY + timedelta(days=1))
        (row,) = table(scope_at(chief), "promises", TUESDAY + timedelta(days=2)).rows
        assert row[1:] == [2, 1, 50.0]

    def test_a_refusal_that_was_upheld_later_kept_its_promise(self, cast):
        application = countersigned(cast)
        say(application, "bureau", cast.decider, "reject", reason="材料不实", now=TUESDAY + HOUR)
        workflow.object_to(application.pk, applicant=cast.owner, text="材料属实", now=TUESDAY + 2 * HOUR)
        assert table(scope_at(cast.supervisor), "promises").rows == []  # nothing stands while it is looked at again
        other = post("second", "bureau")
        late = TUESDAY + timedelta(days=20)
        say(application, "bureau", other, "uphold", reason="维持", now=late)
        (row,) = table(scope_at(cast.supervisor), "promises", late + HOUR).rows
        assert row[1:] == [1, 1, 100.0]

    def test_of_a_decision_taken_anew_the_last_one_counts(self, cast):
        application = countersigned(cast)
        say(application, "bureau", cast.decider, "reject", reason="材料不实", now=TUESDAY + HOUR)
        workflow.object_to(application.pk, applicant=cast.owner, text="材料属实", now=TUESDAY + 2 * HOUR)
        say(application, "bureau", post("second", "bureau"), "overturn", reason="撤销", now=TUESDAY + 3 * HOUR)
        late = TUESDAY + timedelta(days=40)
        say(application, "bureau", post("third", "bureau"), "approve", now=late)
        (row,) = table(scope_at(cast.supervisor), "promises", late + HOUR).rows
        assert row[1:] == [1, 0, 0.0]

    def test_what_was_withdrawn_keeps_and_breaks_no_promise(self, cast):
        withdrawn = accepted(cast)
        workflow.withdraw(withdrawn.pk, applicant=cast.owner, now=TUESDAY + HOUR)
        assert table(scope_at(person("root", is_superuser=True)), "promises").rows == []

    def test_two_officials_of_one_name_are_two(self, cast, chief):
        namesake = post("namesake", "street")
        type(namesake).objects.filter(pk=namesake.pk).update(name=cast.street.name)
        for official in (cast.street, namesake):
            workflow.claim(task_of(submitted(cast), "street").pk, official=official, now=TUESDAY)
        assert table(scope_at(chief), "load", TUESDAY + HOUR / 2).rows == [
            ["street (namesake@test.invalid)", 1, 0, 0], ["street (street@test.invalid)", 1, 0, 0], [chief.name, 0, 0, 0],
        ]  # fmt: skip

    def test_nothing_of_another_department_is_counted(self, cast):
        other = post("other_chief", "commerce", supervisor=True)
        self.decided(cast, 1)
        *counted, load = board.tables(scope_at(other), TUESDAY + HOUR)
        assert not any(one.rows for one in counted) and {sum(row[1:]) for row in load.rows} == {0}

    def test_as_many_queries_for_many_as_for_one(self, cast, chief, django_assert_num_queries):
        for count in (1, 4):
            for _ in range(count):
                accepted(cast)
            with django_assert_num_queries(3):
                scope = scope_at(chief)
            with django_assert_num_queries(8):
                assert table(scope, "closed").rows
            with django_assert_num_queries(3):
                assert len(list(board.task_rows(scope, TUESDAY + HOUR))) > count

    def test_what_was_closed_is_found_by_its_index(self, cast, chief):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # a handful of rows is read quicker without any index
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        assert "task_by_closing" in board.closed_tasks(board.scope_of(chief)).explain()


@pytest.mark.django_db
class TestPage:
    def test_a_supervisor_sees_it_and_nobody_else(self, cast, chief):
        workflow.submit(filled(cast).pk, applicant=cast.owner)
        page = desk_of(chief).get(PAGE)
        assert page.status_code == 200 and "<svg" in page.content.decode() and "乡镇" in page.content.decode()
        for who in (cast.street, cast.decider):
            assert desk_of(who).get(PAGE).status_code == 403
            assert desk_of(who).get(f"{PAGE}tasks.csv").status_code == 403
        assert reverse("admin:reviews_task_board") == PAGE

    def test_an_empty_board_says_so(self, cast, chief):
        page = desk_of(chief).get(PAGE, {"period": "today", "service": "nothing", "department": "x"})
        assert page.status_code == 200 and page.content.decode().count("这段时间没有数据") == 4

    def test_filters_narrow_it(self, cast, chief):
        workflow.submit(filled(cast).pk, applicant=cast.owner)
        office = str(Task.objects.get().department_id)
        for query, there in (
            ({"department": office}, True),
            ({"department": "0"}, False),
            ({"service": "resumption"}, True),
        ):
            assert ("<svg" in desk_of(chief).get(PAGE, query).content.decode()) is there, query

    def test_what_is_taken_along_comes_back_from_the_sheet(self, cast, chief):
        application = workflow.submit(filled(cast).pk, applicant=cast.owner)
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
        client = desk_of(chief)
        text = b"".join(client.get(f"{PAGE}tasks.csv").streaming_content).decode()
        assert text.startswith("\ufeff")
        head, row = csv.reader(StringIO(text.removeprefix("\ufeff")))
        assert row[0] == application.number and row[4] == "street" and row[-1] == "是"
        book = load_workbook(BytesIO(client.get(f"{PAGE}tasks.xlsx").content))
        assert [cell.value for cell in book.active[1]] == head and book.active["A2"].value == application.number
        assert cast.enterprise.name not in text
        assert client.get(f"{PAGE}nothing.csv").status_code == client.get(f"{PAGE}open.exe").status_code == 404

    def test_each_table_comes_back_from_both_sheets_with_nothing_to_run_in_it(self, cast, chief):
        User.objects.filter(pk=cast.street.pk).update(name="=HYPERLINK(1)\x0b\uffff")
        kept, held = submitted(cast), submitted(cast)
        say(kept, "street", cast.street, "decline", reason="不属于本地", now=None)
        workflow.claim(task_of(held, "street").pk, official=cast.street)
        client = desk_of(chief)
        for shown in [*board.tables(board.scope_of(chief)), None]:
            key = shown.key if shown else "tasks"
            text = b"".join(client.get(f"{PAGE}{key}.csv").streaming_content).decode("utf-8-sig")
            lines = list(csv.reader(StringIO(text)))
            sheet = load_workbook(BytesIO(client.get(f"{PAGE}{key}.xlsx").content)).active
            cells = [list(row) for row in sheet.iter_rows()]
            assert len(lines) == len(cells) == (len(shown.rows) + 1 if shown else 2) and len(lines) > 1, key
            assert all(cell.data_type != "f" for row in cells for cell in row), key
            assert not any(cell.startswith("=") for line in lines for cell in line), key
            if shown:
                assert [cell.value for cell in cells[1]][shown.names :] == shown.rows[0][shown.names :]
        assert "'=HYPERLINK(1)" in text and "'=HYPERLINK(1)" in [cell.value for cell in cells[1]]

    def test_the_page_takes_as_many_queries_for_many_as_for_one(self, cast, chief):
        client, counts = desk_of(chief), []
        for _ in range(2):
            for _more in range(2):
                workflow.submit(filled(cast).pk, applicant=cast.owner)
            with CaptureQueriesContext(connection) as queries:
                client.get(PAGE)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_the_first_page_leads_a_supervisor_there_and_nobody_else(self, cast, chief):
        for user, there in ((chief, True), (cast.street, False)):
            assert ("rv-board-way" in desk_of(user).get("/admin/").content.decode()) is there

    def test_a_plot_says_what_it_shows_and_runs_nothing(self, cast):
        shown = board.Table("x", "<b>", ["名", "甲", "乙"], [["<script>", 2, None], ["好", 0, 4.5]], bars=(1, 2))
        drawn = document_fromstring(plot(shown)).find(".//svg")
        assert drawn.get("role") == "img" and drawn.find("title").text == "<b>" and "甲, 乙" in drawn.find("desc").text
        assert not drawn.findall(".//script") and not drawn.xpath(".//@style")
        assert [text.text for text in drawn.findall("text")] == ["<script>", "2", "—", "好", "0", "4.5", "甲", "乙"]
        assert [bar.get("width") for bar in drawn.findall("rect")[:4]] == ["36.44%", "0.00%", "0.00%", "82.00%"]

    def test_of_many_rows_the_longest_are_drawn_in_their_order_with_the_share_that_stands_beside(self):
        rows = [[f"第{n}行", 90 + n / 10, n % 7 + n / 100] for n in range(30)]
        shown = board.Table("x", "多", ["名", "按时率 %", "时长"], rows, bars=(2,), beside=1)
        drawn = [text.text for text in document_fromstring(plot(shown)).findall(".//text")]
        names = [text for text in drawn if text.startswith("第")]
        longest = sorted(sorted(range(30), key=lambda n: -rows[n][2])[:12])
        assert names == [f"第{n}行" for n in longest] and f"按时率 %: {90 + longest[0] / 10:g}" in drawn

    def test_the_stages_of_a_service_stand_in_the_order_of_its_process(self, cast):
        for kind in ("street", "health"):
            post(f"{kind}_chief", kind, supervisor=True)
        submitted(cast), countersigned(cast), accepted(cast)
        root = person("root", is_staff=True, is_superuser=True)
        stages = [row[1] for row in table(scope_at(root), "open").rows]
        titles = [str(stage.title) for stage in Service.objects.get().current.definition.stages]
        assert stages == titles

    def test_the_menu_marks_one_place(self, cast):
        for address, at_queue in ((PAGE, False), (reverse("admin:reviews_task_changelist"), True)):
            page = document_fromstring(desk_of(cast.supervisor).get(address).content.decode())
            marked = page.xpath("//*[@id='nav-sidebar-apps']//a[contains(concat(' ', @class, ' '), ' active ')]/@href")
            assert marked == [reverse("admin:reviews_task_changelist") if at_queue else PAGE]

    def test_more_tasks_than_are_counted_are_told(self, cast, chief, monkeypatch):
        monkeypatch.setattr(board, "MOST", 1)
        workflow.submit(filled(cast).pk, applicant=cast.owner)
        assert "数据未全部统计" in desk_of(chief).get(PAGE).content.decode()

    def test_a_superuser_sees_every_department(self, cast):
        workflow.submit(filled(cast).pk, applicant=cast.owner)
        assert "<svg" in desk_of(person("root", is_staff=True, is_superuser=True)).get(PAGE).content.decode()


@pytest.mark.parametrize("nasty", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_made_a_text(nasty):
    assert str(inert(nasty)).startswith("'")
    assert inert("企业") == "企业" and inert(-3) == -3


def test_the_board_counts_from_midnight_in_shanghai(db, cast):
    since = board.scope_of(cast.supervisor, period="today").since
    assert timezone.localtime(since).strftime("%H:%M") == "00:00"
