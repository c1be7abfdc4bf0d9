"""The thread on the applicant's pages: sent once, words kept, what is new, calls, a draft's consent."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from permits.models import Application
from reviews import guidance, workflow
from reviews.models import CallbackRequest, GuidanceConsent, Message
from tests.cast import Cast, filled
from tests.portal import steps
from tests.portal.browser import at, form, links, page, sign_in, told, words
from tests.portal.test_lists import queries

TEXT = "预案里要写隔离场所吗？"


def where(application: Application) -> str:
    return f"/applications/{application.public_id}/messages/"


def answered(cast: Cast, application: Application, text: str = "要写。", key: str = "a") -> Message:
    return workflow.answer(application.pk, official=cast.street, text=text, key=key)


def writing(client: Client, application: Application) -> dict[str, str]:
    return form(client.get(where(application)), "#write")


def calling(client: Client, application: Application) -> dict[str, str]:
    return form(client.get(where(application)), "#call")


def test_a_question_is_written_answered_and_read(cast: Cast) -> None:
    application, client = steps.submitted(cast), at(cast.owner)
    assert where(application) in links(client.get(application.get_absolute_url()))
    response = client.post(where(application), writing(client, application) | {"text": TEXT}, follow=True)
    assert "was sent" in told(response) and TEXT in words(response)
    answered(cast, application)
    assert "1 new message" in words(client.get(application.get_absolute_url()))
    assert "1 new message" in words(client.get("/applications/"))
    shown = words(client.get(where(application)))
    assert "Xinchang Town Government" in shown and "New" in shown and cast.street.name not in shown.split()
    assert "Read by the office" in shown
    assert "New" not in words(client.get(where(application))).split()
    assert "new message" not in words(client.get("/applications/"))


def test_a_form_sent_twice_on_a_bad_line_is_one_message(cast: Cast) -> None:
    application, client = steps.submitted(cast), at(cast.owner)
    typed = writing(client, application) | {"text": TEXT}
    for _time in range(2):
        assert client.post(where(application), typed).status_code == 302
    assert Message.objects.get().text == TEXT


@pytest.mark.parametrize(("text", "said"), [("  ", "Write something first"), ("长" * 2001, "At most 2000")])
def test_what_is_refused_keeps_its_words(cast: Cast, text: str, said: str) -> None:
    application, client = steps.submitted(cast), at(cast.owner)
    response = client.post(where(application), writing(client, application) | {"text": text})
    assert response.status_code in (409, 422) and said in words(response)
    assert form(response, "#write")["text"].strip() == text.strip() and not Message.objects.exists()


def test_words_typed_before_the_session_ended_are_there_again_with_their_key(cast: Cast) -> None:
    application = steps.submitted(cast)
    client = Client()
    client.cookies["django_language"] = "en"
    after = client.post(where(application), {"do": "send", "text": TEXT, "key": "k1"})
    response = sign_in(client, cast.owner, after=after)
    typed = form(response, "#write")
    assert (typed["text"], typed["key"]) == (TEXT, "k1") and not Message.objects.exists()


def test_many_messages_in_an_hour_are_too_many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.views.thread.PER_HOUR", 1)
    application, client = steps.submitted(cast), at(cast.owner)
    codes = [client.post(where(application), {"do": "send", "text": TEXT, "key": str(n)}).status_code for n in range(2)]
    assert codes == [302, 429] and Message.objects.count() == 1


def test_a_call_is_asked_for_with_the_accounts_mobile_and_cancelled(cast: Cast) -> None:
    cast.owner.mobile = "13800000618"
    cast.owner.save()
    application, client = steps.submitted(cast), at(cast.owner)
    typed = calling(client, application)
    assert typed["mobile"] == "13800000618"
    wrong = client.post(where(application), typed | {"mobile": "12345"})
    assert wrong.status_code == 422 and form(wrong, "#call")["mobile"] == "12345"
    response = client.post(where(application), typed, follow=True)
    assert "asked to call you" in told(response) and "13800000618" in words(response)
    assert "Nobody will call you" in told(client.post(where(application), {"do": "cancel_call"}, follow=True))
    assert CallbackRequest.objects.get().state == "cancelled"


def test_a_draft_is_asked_about_and_looked_at_by_consent_and_each_look_is_shown(cast: Cast) -> None:
    draft, client, desk = filled(cast), at(cast.owner), at(cast.street)
    assert where(draft) in links(client.get(f"/applications/{draft.public_id}/check/"))
    assert "Xinchang Town Government" in words(client.get(where(draft)))
    assert "Tick the box" in told(client.post(where(draft), {"do": "consent"}, follow=True))
    client.post(where(draft), {"do": "consent", "agree": "1"})
    assert GuidanceConsent.objects.get().given_by == cast.owner
    address = f"/admin/reviews/thread/{draft.pk}/draft/"
    seen = desk.get(address)
    assert seen.status_code == 200 and draft.answers["quarantine_place"] in words(seen)
    assert "looked at your draft" in words(client.get(where(draft)))
    client.post(where(draft), {"do": "revoke"})
    assert desk.get(address).status_code == 302
    assert client.get(f"/applications/{draft.public_id}/check/").status_code == 200
    client.post(f"/applications/{draft.public_id}/discard/")
    assert not Application.objects.filter(pk=draft.pk).exists(), "thrown away with its thread"


def test_where_no_office_is_known_it_says_what_to_do(cast: Cast) -> None:
    draft = filled(cast, region="110101")
    response = at(cast.owner).get(where(draft))
    assert "No office is registered yet" in words(response) and not page(response).xpath("//textarea")
    assert at(cast.owner).post(where(draft), {"do": "send", "text": TEXT, "key": "1"}).status_code == 409


def test_long_after_the_end_the_thread_is_read_only(cast: Cast) -> None:
    application = steps.approved(cast)
    workflow.ask(application.pk, applicant=cast.owner, text=TEXT, key="1")
    long_ago = timezone.now() - guidance.AFTERWARDS * 2
    Application.objects.filter(pk=application.pk).update(closed_at=long_ago)
    response = at(cast.owner).get(where(application))
    assert TEXT in words(response) and "more than 30 days ago" in words(response)
    assert not page(response).xpath("//textarea")


def test_the_open_page_asks_for_what_is_new_and_gets_nothing_as_long_as_it_is_the_same(cast: Cast) -> None:
    application, client = steps.submitted(cast), at(cast.owner)
    htmx = {"HX-Request": "true"}
    first = client.get(where(application), headers=htmx)
    assert "<html" not in first.content.decode()
    again = client.get(where(application), headers=htmx | {"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    answered(cast, application, "请看说明")
    after = client.get(where(application), headers=htmx | {"If-None-Match": first["ETag"]})
    assert after.status_code == 200 and "请看说明" in after.content.decode()
    assert Client().get(where(application), headers=htmx).status_code == 401


def test_a_long_thread_is_shown_in_pages_by_as_many_queries(cast: Cast) -> None:
    application, client = steps.submitted(cast), at(cast.owner)
    answered(cast, application, key="first")
    few = queries(cast.owner, where(application))
    for number in range(60):
        answered(cast, application, f"第{number}条", key=str(number))
    client.get(where(application))
    assert len(queries(cast.owner, where(application))) == len(few)
    response = client.get(where(application))
    assert "第59条" in words(response) and "第5条" not in words(response)
    (earlier,) = [link for link in links(response) if link.startswith("?before=")]
    assert "第5条" in words(client.get(where(application) + earlier))
