"""What nobody should type, in every field of every service: kept or refused in words, shown as text, never a fault."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils.html import escape

from permits.definition import Definition, FormField
from permits.models import Application, Service, ServiceVersion
from reviews import workflow
from reviews.models import Notice
from reviews.notices import delivery
from reviews.publishing import publish
from tests.cast import Cast, filled, task_of
from tests.portal import steps
from tests.portal.browser import at
from tests.portal.test_services_as_data import UNKNOWN, begin

SCRIPT = "<script>alert(1)</script>"
NASTY = [
    SCRIPT, "\0", "a\0b", "\u202eabc\u202c", "\u200b\ufeff", "😀" * 60, "x" * 100_000, "=cmd|' /C calc'!A0", "+1+1",
    "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'; DROP TABLE permits_application; --", "{{ 7*7 }}{% debug %}", "%s%n%(x)s",
    "\"><img src=x onerror=alert(1)>", "1e309", "９９９９９９９９９９９９９９９９９９９９", "null", "‮", "0" * 400, "Z͑ͫ̓a̴l̷g̸o",
]  # fmt: skip
MARKUP = ("<script>alert(1)", "<img src=x")


def names(field: FormField) -> list[str]:
    if field.type == "group":
        return [f"{field.key}-{row}-{column.key}" for row in (0, 1) for column in field.fields]
    return [] if field.type == "file" else [field.key]


@pytest.mark.django_db
@pytest.mark.once  # the fields are Django's; what the database does with such text is tested below, on both engines
@pytest.mark.parametrize("slug", ["resumption", "job-retention", "community-report", "river-fishing"])
def test_nasty_text_in_every_field_is_no_fault_of_the_page_and_never_markup(cast: Cast, slug: str):
    if slug == "river-fishing":
        publish(UNKNOWN)
    elif slug != "resumption":
        steps.shipped(slug.replace("-", "_"))
    client = at(cast.owner)
    application = begin(client, slug)
    definition: Definition = application.definition
    for turn in range(len(NASTY)):
        for section in definition.sections:
            fields = [name for field in section.fields for name in names(field)]
            typed = {name: NASTY[(turn + n) % len(NASTY)] for n, name in enumerate(fields)}
            answer = client.post(f"/applications/{application.public_id}/fill/{section.key}/", typed)
            assert answer.status_code in (302, 422), (section.key, answer.status_code)
            body = answer.content.decode()
            assert not any(markup in body for markup in MARKUP)
    for address in ("check/", *(f"fill/{section.key}/" for section in definition.sections)):
        page = client.get(f"/applications/{application.public_id}/{address}")
        assert page.status_code == 200 and not any(markup in page.content.decode() for markup in MARKUP)
    application.refresh_from_db()
    assert "\0" not in str(application.answers)


@pytest.mark.django_db
@pytest.mark.parametrize("nasty", [text for text in NASTY if text.strip("\0\r\t \u200b\ufeff")])
def test_what_can_be_stored_is_shown_as_text_to_the_official_and_in_the_mail(cast: Cast, nasty: str):
    said = f"见：{nasty[:150]}"
    draft = filled(cast)
    client = at(cast.owner)
    answers = {key: value for key, value in draft.answers.items() if isinstance(value, str | int)}
    answers = {key: "true" if value is True else value for key, value in answers.items() if value is not False}
    client.post(f"/applications/{draft.public_id}/fill/arrangement/", answers | {"shift_arrangement": said})
    application = workflow.submit(draft.pk, applicant=cast.owner)
    desk = at(cast.street)
    address = f"/admin/reviews/task/{task_of(application, 'street').pk}/review/"
    review = desk.get(address)
    assert review.status_code == 200
    typed = urlencode({"outcome": "decline", "reason": said})  # as a browser sends it
    assert desk.post(address, typed, content_type="application/x-www-form-urlencoded").status_code == 302
    page = client.get(f"/applications/{application.public_id}/")
    assert page.status_code == 200
    shown = application.__class__.objects.get(pk=application.pk).answers["shift_arrangement"]
    for answer, text in ((review, shown), (page, said.replace("\0", ""))):
        body = answer.content.decode()
        assert not any(markup in body for markup in MARKUP)
        assert escape(text.split("\r")[0].split("\n")[0].strip())[:60] in body
    for notice in Notice.objects.filter(application=application, channel="email", recipient=cast.owner):
        assert delivery.deliver([notice.pk]), notice.kind
    assert all("\n" not in message.subject for message in mail.outbox) and len(mail.outbox) >= 2
    assert Application.objects.count() == 1 and Service.objects.count() == ServiceVersion.objects.count() == 1


@pytest.mark.django_db
def test_an_official_can_send_a_null_character_in_a_form_with_files_too(cast: Cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    address = f"/admin/reviews/task/{application.tasks.get().pk}/review/"
    answer = at(cast.street).post(address, {"outcome": "decline", "reason": "不属于\0本地"})
    assert answer.status_code == 302
    assert application.events.get(action="declined").note.text == "不属于本地"


@pytest.mark.django_db
def test_a_null_character_is_no_fault_in_an_address_a_cookie_or_the_name_of_a_file(cast: Cast):
    draft = filled(cast)
    own, desk = at(cast.owner), at(cast.street)
    for client, address in (
        (own, "/services/resumption/files/1/a%00b"), (own, "/verify/a%00b/"), (own, "/track/?number=a%00"),
        (desk, "/admin/reviews/task/%00/change/"), (desk, "/admin/reviews/task/x/change/"),
        (desk, "/admin/permits/permit/?q=%00"), (desk, "/admin/reviews/task/?q=a%00b"),
    ):  # fmt: skip
        assert client.get(address).status_code in (200, 302, 404), address
    stranger = Client(headers={"cookie": f'{settings.SESSION_COOKIE_NAME}="\\000{"a" * 32}"'})
    assert stranger.get("/applications/").status_code == 302
    by_hand = (
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="a\x00b.pdf"\r\n'
        b"Content-Type: application/pdf\x00\r\n\r\n%PDF\x00\r\n"
        b'--X\r\nContent-Disposition: form-data; name="re\x00ason"\r\n\r\nx\x00y\r\n--X--\r\n'
    )
    add = f"/applications/{draft.public_id}/materials/business_licence/add/"
    before = draft.materials.count()
    assert own.post(add, by_hand, content_type="multipart/form-data; boundary=X").status_code == 302
    assert draft.materials.count() == before  # it is no whole PDF


@pytest.mark.parametrize("typed", ["1e9999999", "1e-9999999", "Infinity", "sNaN", "-1e99"])
def test_a_number_that_would_fill_the_memory_is_kept_as_it_was_typed_and_not_written_out(cast: Cast, typed: str):
    steps.shipped("job_retention")
    owner = at(cast.owner)
    draft = begin(owner, "job-retention")
    [section] = [part for part in draft.definition.sections if any(each.key == "contributions" for each in part.fields)]
    answer = owner.post(f"/applications/{draft.public_id}/fill/{section.key}/", {"contributions": typed})
    assert answer.status_code == 422
    page = owner.get(f"/applications/{draft.public_id}/check/")
    assert page.status_code == 200 and typed in page.content.decode() and len(page.content) < 200_000


@pytest.mark.parametrize("typed", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_the_first_and_the_last_day_of_the_calendar_are_refused_in_words(cast: Cast, typed: str):
    steps.shipped("community_report")
    owner = at(cast.owner)
    draft = begin(owner, "community-report")
    [section] = [part for part in draft.definition.sections if any(each.key == "since" for each in part.fields)]
    base = f"/applications/{draft.public_id}"
    answer = owner.post(f"{base}/fill/{section.key}/", {"symptoms": ["fever"], "since": typed})
    assert answer.status_code == 422 and "Enter a year from 1900" in answer.content.decode()
    for address in (f"{base}/fill/{section.key}/", f"{base}/check/", f"{base}/go-on/"):
        assert owner.get(address, follow=True).status_code == 200, address
    draft.answers |= {"since": f"{typed}:00+08:05"}  # as it was once stored
    draft.save()
    assert owner.get(f"{base}/check/").status_code == owner.get(f"{base}/fill/{section.key}/").status_code == 200


@pytest.mark.parametrize("query", ["q=ab%00c", "q=ab%0%000c", "q=ab%0%0%00000c"])
def test_a_null_character_that_is_left_over_when_one_was_taken_out_is_taken_out_too(db, query: str):
    nobody = Client()
    nobody.cookies["portal_session"] = "a\\0\\00000b"
    answer = nobody.get(f"/register/?{query}")
    assert answer.status_code == 200 and "\0" not in answer.wsgi_request.GET["q"]
    assert "\0" not in "".join(answer.wsgi_request.COOKIES.values())
