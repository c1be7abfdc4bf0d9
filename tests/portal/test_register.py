"""The public register: who is found in it and by what, what is never in it, and how it is taken away."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from permits import credentials
from permits.credentials import listing
from permits.definition_file import DefinitionError, parse
from permits.models import Permit
from portal import throttle
from portal.views import register
from reviews import workflow
from reviews.publishing import publish
from tests.cast import Cast
from tests.portal import steps
from tests.portal.browser import at, links, page, words
from tests.portal.permits_issued import FIRST, issued

SOURCE = (Path(portal_settings.BASE_DIR) / "permits" / "services" / "resumption.toml").read_text(encoding="utf-8")
SHOWN = 'in_register = ["number", "holder", "uscc", "region", "office", "decision", "issued", "valid_until"]'
USCC = "91350100M000100Y43"


def looked_up(client, **asked: str):
    response = client.get("/register/", asked)
    assert response.status_code == 200
    return response


def numbers_on(response) -> list[str]:
    return [address.split("/")[2] for address in links(response) if address.startswith("/verify/")]


def table(client, **asked: str) -> list[dict[str, str]]:
    cache.clear()  # its limit is tested below
    response = client.get("/register.csv", asked)
    assert response.status_code == 200, response.content
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def edition(**changes: str) -> None:
    """Another edition of the service, with some of its text replaced."""
    source = SOURCE
    for before, after in changes.values():
        assert before in source
        source = source.replace(before, after)
    publish(source, name="resumption.toml")


# --- what is found ---------------------------------------------------------------------------------------------------
def test_an_approved_enterprise_stands_in_the_register_at_once_and_nothing_personal_with_it(cast: Cast) -> None:
    permit = steps.approved(cast).permit
    for language, state in (("en", "Valid"), ("zh-hans", "有效")):
        response = looked_up(at(language=language))
        assert numbers_on(response) == [permit.number]
        said = response.content.decode()
        assert cast.enterprise.name in said and cast.enterprise.uscc in said and "宜丰县" in said
        assert state in words(response)
        answers = permit.application.answers
        for key in ("legal_name", "legal_id_number", "legal_mobile", "epidemic_lead_name", "epidemic_lead_mobile"):
            assert answers[key] and answers[key] not in said
        assert cast.owner.email not in said and cast.decider.name not in said


def test_a_permit_is_found_by_a_part_of_the_name_its_code_and_its_number(cast: Cast) -> None:
    (one,) = issued(cast, name="江西（宜丰）ABC 竹业有限公司", uscc=USCC)
    issued(cast, 1, begin=2, name="别家商贸有限公司")
    client = at()
    for typed in ("宜丰)abc竹", "ＡＢＣ竹业", USCC, USCC[:8].lower(), one.number, f" {one.number[:20].lower()}1 "):
        assert numbers_on(looked_up(client, q=typed)) == [one.number], typed
        assert [row["number"] for row in table(client, q=typed)] == [one.number], typed
    for typed in ("宜丰_ABC", "%", "江西%竹", "不存在的公司", USCC[:-1] + "5", "360924-ZZ"):
        assert not numbers_on(looked_up(client, q=typed)), typed


def test_one_character_is_not_enough_and_what_was_typed_stays(cast: Cast) -> None:
    client = at()
    response = looked_up(client, q="竹")
    assert "two characters" in words(response) and page(response).xpath("//input[@id='q']/@value") == ["竹"]
    assert client.get("/register.csv", {"q": "竹"}).status_code == 400


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "a\x00b", "9" * 500, "\ud83d", "'; DROP TABLE", "\\"])
def test_nothing_that_is_typed_does_harm(cast: Cast, typed: str) -> None:
    typed = typed.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    response = looked_up(at(), q=typed, state=typed, region=typed, service=typed, after=typed, before=typed)
    assert "<script>alert" not in response.content.decode()


def test_states_and_regions_narrow_it(cast: Cast) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    (good,) = issued(cast)
    (expired,) = issued(cast, begin=2, until=yesterday)
    (last_day,) = issued(cast, begin=3, until=timezone.localdate(), at=FIRST + timedelta(minutes=5))
    revoked, superseded = issued(cast, 2, begin=4, region="360983", at=FIRST + timedelta(minutes=9))
    Permit.objects.filter(pk=revoked.pk).update(state="revoked", revoked_at=timezone.now())
    Permit.objects.filter(pk=superseded.pk).update(state="superseded", superseded_by=good)
    client = at()
    found = {state: numbers_on(looked_up(client, state=state)) for state in listing.STATES}
    assert found == {"in_force": [last_day.number, good.number], "expired": [expired.number],
                     "revoked": [revoked.number], "superseded": [superseded.number]}  # fmt: skip
    regions = {
        code: len(numbers_on(looked_up(client, region=code)))
        for code in ("360924", "360983", "360900", "360000", "350000")
    }
    assert regions == {"360924": 3, "360983": 2, "360900": 5, "360000": 5, "350000": 0}
    assert {row["number"]: row["superseded_by"] for row in table(client)}[superseded.number] == good.number


def test_a_revoked_and_a_corrected_permit_say_so_as_soon_as_they_are(cast: Cast) -> None:
    permit = steps.approved(cast).permit
    cast.enterprise.name = "宜丰县青竹新材料有限公司"
    cast.enterprise.save()
    workflow.correct_permit(permit.pk, official=cast.supervisor, changes={}, reason="名称有误")
    client = at()
    assert numbers_on(looked_up(client, q="青竹新材料")) == [permit.number]
    assert not numbers_on(looked_up(client, q="青竹制品")), "the old name is gone"
    workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="承诺不实")
    assert numbers_on(looked_up(client, state="revoked")) == [permit.number]
    assert not numbers_on(looked_up(client, state="in_force"))


# --- what is never in it -----------------------------------------------------------------------------------------------
def test_a_person_who_holds_a_permit_is_never_in_it(cast: Cast) -> None:
    (permit,) = issued(cast, kind="person", name="欧阳喆堃", uscc="", address="")
    assert not permit.uscc and not permit.holder_key
    client = at()
    for asked in ({}, {"q": "欧阳"}, {"q": permit.number}, {"state": "in_force"}, {"region": "360924"}):
        assert not numbers_on(looked_up(client, **asked)) and not table(client, **asked)
    with pytest.raises(IntegrityError), transaction.atomic():
        Permit.objects.filter(pk=permit.pk).update(holder_key="欧阳喆堃")
    # Even columns that somebody wrote by hand don't get a person in: what is signed counts.
    Permit.objects.filter(pk=permit.pk).update(uscc=USCC, holder_key="欧阳喆堃", service="resumption")
    assert not numbers_on(looked_up(client)) and not table(client)


@given(name=st.text(max_size=30), uscc=st.sampled_from(["", USCC]), kind=st.sampled_from(["person", "sole", ""]))
def test_nothing_of_a_holder_who_is_no_enterprise_is_kept_for_searching(name: str, uscc: str, kind: str) -> None:
    content = {"service": "x", "region": {"code": "360924"}, "holder": {"kind": kind, "name": name, "uscc": uscc}}
    assert not any(listing.columns(content).values())


def test_what_the_service_does_not_show_is_neither_shown_nor_searched_by(cast: Cast) -> None:
    issued(cast, name="宜丰县青竹制品有限公司")
    edition(register=(SHOWN, 'in_register = ["number", "issued"]'))
    client = at()
    response = looked_up(client)
    assert len(numbers_on(response)) == 1 and "青竹" not in response.content.decode()
    assert cast.enterprise.uscc not in response.content.decode() and "Yifeng" not in words(response)
    (row,) = table(client)
    assert {row[name] for name in ("holder", "uscc", "region", "region_code", "office", "decision", "valid_until")} == {
        ""
    }
    for asked in ({"q": "青竹制品"}, {"q": cast.enterprise.uscc}, {"region": "360924"}):
        assert not numbers_on(looked_up(client, **asked)), "the answer would tell it"


def test_a_service_may_keep_its_permits_out_of_it(cast: Cast) -> None:
    (permit,) = issued(cast)
    edition(register=(SHOWN, ""))
    client = at()
    assert (
        not numbers_on(looked_up(client)) and not numbers_on(looked_up(client, q=permit.number)) and not table(client)
    )


@pytest.mark.parametrize(("before", "after", "fault"), [
    (SHOWN, 'in_register = ["number", "legal_name"]', "in_register"),
    (SHOWN, 'in_register = ["holder", "issued"]', "needs 'number' and 'issued'"),
    ('kind = "permit"', 'kind = "reply"', "belongs to an outcome of kind 'permit'"),
    ('legal_basis', 'audience = "person"\nlegal_basis', "no person stands in the public register"),
])  # fmt: skip
def test_a_definition_cannot_publish_answers_or_persons(before: str, after: str, fault: str) -> None:
    source = SOURCE if before != "legal_basis" else SOURCE.replace('audience = "enterprise"\n', "")
    with pytest.raises(DefinitionError, match=fault):
        parse(source.replace(before, after, 1))


def test_an_entry_that_is_not_what_was_signed_is_left_out(cast: Cast) -> None:
    good, bad = issued(cast, 2)
    bad.content["holder"]["name"] = "某某骗子有限公司"
    bad.save(update_fields=["content"])
    assert numbers_on(looked_up(at())) == [good.number]
    assert "骗子" not in str(table(at()))


# --- pages ---------------------------------------------------------------------------------------------------------------
def test_pages_have_no_gaps_and_nothing_twice_while_permits_are_issued(cast: Cast) -> None:
    begun = {permit.number for permit in issued(cast, 60)}
    client, address, seen, serial = at(), "/register/", [], 100
    while address:
        response = client.get(address)
        seen += numbers_on(response)
        issued(cast, 3, begin=serial, at=FIRST + timedelta(days=serial))
        serial += 3
        following = page(response).xpath("//nav[@class='pager']//a[@rel='next']/@href")
        address = f"/register/{following[0]}" if following else ""
    assert len(seen) == len(set(seen)) and begun <= set(seen)
    back = page(response).xpath("//nav[@class='pager']//a[@rel='prev']/@href")
    assert numbers_on(client.get(f"/register/{back[0]}")) == seen[-35:-10] or len(seen) == 60
    assert [row["number"] for row in table(client)][-60:] == seen


def test_a_page_asks_as_many_queries_for_many_as_for_one_and_counts_nothing(cast: Cast) -> None:
    issued(cast, 2)
    client = at()
    looked_up(client)
    asked = []
    for more in (0, 40):
        if more:
            issued(cast, more, begin=10, at=FIRST + timedelta(days=1))
        for query in ({}, {"q": "宜丰"}, {"q": "360924-FG"}, {"state": "expired"}):
            with CaptureQueriesContext(connection) as queries:
                looked_up(client, **query)
            asked.append(len(queries))
            assert not any("COUNT(" in query["sql"] for query in queries)
    assert asked[:4] == asked[4:] and max(asked) <= 6


def test_a_file_ends_at_its_bound_and_says_where_the_rest_is(cast: Cast, monkeypatch) -> None:
    everything = [permit.number for permit in issued(cast, 25)][::-1]
    monkeypatch.setattr(register, "MOST_ROWS", 10)
    monkeypatch.setattr(register, "CHUNK", 5)
    client, address, seen = at(), "/register.csv", []
    while address:
        response = client.get(address)
        rows = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
        seen += [row["number"] for row in rows]
        link = response.headers.get("Link", "")
        assert ("-part.csv" in response["Content-Disposition"]) == bool(link)
        address = link.partition(">")[0].removeprefix("<")
    assert seen == everything


# --- taking it away ----------------------------------------------------------------------------------------------------
def test_the_table_is_no_formula(cast: Cast) -> None:
    issued(cast, name='=HYPERLINK("http://evil.invalid","点击")')
    (row,) = table(at())
    assert row["holder"] == '\'=HYPERLINK("http://evil.invalid","点击")'
    response = at().get("/register.csv")
    first = b"".join(response.streaming_content)
    assert first.startswith(b"\xef\xbb\xbf") and response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["X-Robots-Tag"] == "noindex" and response["Access-Control-Allow-Origin"] == "*"


@given(st.text(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    made = register.harmless(text)
    assert made.endswith(text) and not made.lstrip(" ").startswith(
        ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
    )


def test_who_asks_too_often_is_told_when_to_come_again(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_020 + 15)
    client = at()
    for _ in range(register.PER_MINUTE):
        assert client.get("/register/").status_code == 200
    for language, told in (("en", "Come again in 45 seconds"), ("zh-hans", "请在 45 秒后")):
        response = at(language=language).get("/register/")
        assert response.status_code == 429 and response["Retry-After"] == "45" and told in response.content.decode()
    for _ in range(register.FILES_PER_MINUTE):
        assert client.get("/register.csv").status_code == 200
    assert client.get("/register.csv").status_code == 429
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_020 + 61)
    assert client.get("/register/").status_code == 200


# --- search engines ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("setting", "closed", "listed", "noindex"), [
    ("nothing", ["Disallow: /\n"], [], True),
    ("pages", ["Disallow: /admin/\n", "Disallow: /register/\n"], ["/services/resumption/", "/api/"], True),
    ("register", ["Disallow: /applications/\n", "Disallow: /register.csv\n"], ["/services/", "/register/"], False),
])  # fmt: skip
def test_what_search_engines_may_list_is_a_setting(cast: Cast, settings, setting, closed, listed, noindex) -> None:
    settings.PUBLIC_INDEXING = setting
    client = at()
    robots, sitemap = client.get("/robots.txt").content.decode(), client.get("/sitemap.xml").content.decode()
    assert all(line in robots for line in closed) and all(f"{path}</loc>" in sitemap for path in listed)
    assert ("Disallow: /register/" in robots) == (setting == "pages")
    assert (client.get("/register/").headers.get("X-Robots-Tag") == "noindex") == noindex
    assert client.get("/register/", {"q": "宜丰"})["X-Robots-Tag"] == "noindex", (
        "no search of it is a page to be listed"
    )


# --- on the database ---------------------------------------------------------------------------------------------------
def test_permits_from_before_are_searched_as_the_new_ones_are(cast: Cast) -> None:
    """What the migration fills in is what an issue writes."""
    import importlib

    from django.apps import apps

    (permit,) = issued(cast)
    (person,) = issued(cast, begin=2, kind="person", name="欧阳喆堃", uscc="")
    wanted = listing.columns(permit.content)
    Permit.objects.update(uscc="", service="", region="", holder_key="")
    importlib.import_module("permits.migrations.0019_public_register").fill(apps, None)
    permit.refresh_from_db()
    person.refresh_from_db()
    assert {name: getattr(permit, name) for name in wanted} == wanted and person.uscc == ""


CLONED = """
INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS t, generate_series(1, %s) AS n WHERE t.id = %s
"""


def cloned(row, count: int, **instead: str) -> None:
    """``count`` more rows like it, but for some columns (SQL of ``n``); for PostgreSQL."""
    columns = [field.column for field in row._meta.concrete_fields if field.column != "id"]
    values = ", ".join(instead.get(column, f"t.{column}") for column in columns)
    sql = CLONED.format(table=row._meta.db_table, names=", ".join(columns), values=values)
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%s", "\0").replace("%", "%%").replace("\0", "%s"), [count, row.pk])


MANY = 20_000


@pytest.mark.production
def test_each_way_of_asking_reads_what_it_shows_and_little_more(cast: Cast) -> None:
    """Looked at on PostgreSQL among many permits, of which few are what is looked for: no query goes through them all."""
    (permit,) = issued(cast)
    Permit.objects.filter(pk=permit.pk).update(content={})
    cloned(permit.application, MANY, public_id="gen_random_uuid()")
    newest = "(SELECT max(id) FROM permits_application)"
    cloned(
        permit, MANY, number="'360924-FG-2027-' || lpad(n::text, 6, '0')", application_id=f"{newest} - n + 1",
        issued_at="t.issued_at + n * interval '1 minute'", holder_key="'江西' || md5(n::text) || '制造有限公司'",
        uscc="'9136092' || lpad(n::text, 11, '0')", region="CASE n % 1000 WHEN 0 THEN '360983' ELSE '360924' END",
        state="CASE n % 1000 WHEN 1 THEN 'revoked' ELSE 'valid' END",
        valid_until="CASE n % 1000 WHEN 2 THEN date '2020-01-01' END",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE permits_permit")
        # So few rows that to read them all is cheaper than a thousand by their keys; of more it isn't.
        cursor.execute("SET LOCAL enable_seqscan = off")
    services, today = listing.published(), date(2026, 3, 3)
    for wanted in (
        listing.Wanted(), listing.Wanted(region="360983"), listing.Wanted(state="revoked"), listing.Wanted(state="expired"),
        listing.Wanted(holder="不存在的公司"), listing.Wanted(holder="制造有限公司"), listing.Wanted(uscc="91360920000000777"),
        listing.Wanted(number="360924-FG-2027-00077"), listing.Wanted(service="resumption", state="in_force"),
    ):  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            list(listing.find(wanted, services, today=today).permits.order_by("-issued_at", "-pk")[:26])
        with connection.cursor() as cursor:
            for query in queries:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
                (plan,) = cursor.fetchone()[0]
                walked = looked_at(plan["Plan"])
                assert walked <= listing.MOST_COMPARED + listing.FEW, f"{wanted}: {query['sql'][-200:]}"


def looked_at(node: dict) -> int:
    """How many permits a plan read in all, those that it threw away too."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    mine = own * node["Actual Loops"] if node.get("Relation Name") == "permits_permit" else 0
    return int(mine) + sum(looked_at(child) for child in node.get("Plans", []))


def test_credentials_of_the_sample_are_good(cast: Cast) -> None:
    """Or the tests above would look at entries that are left out."""
    (permit,) = issued(cast)
    assert credentials.check(permit.number).valid
