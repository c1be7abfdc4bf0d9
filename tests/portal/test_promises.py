"""容缺 and 告知承诺 on the applicant's pages: what comes later, what is pledged, what is owed and handed in."""

from __future__ import annotations

from typing import Any

from django.test import Client

from permits.intake import checking
from permits.models import Application, Material, Promise, Status
from reviews import arrivals, workflow
from tests.cast import Cast, filled
from tests.data import bad
from tests.portal import steps
from tests.portal.browser import at, page, told, words, written
from tests.portal.test_material_views import read, send, send_by_script
from tests.reviews.steps import edition


def where(application: Application, key: str = "") -> str:
    address = f"/applications/{application.public_id}/materials/"
    return f"{address}{key}/promise/" if key else address


def without(cast: Cast, *keys: str) -> Application:
    draft = filled(cast)
    draft.materials.filter(requirement__in=keys).delete()
    return draft


def press(client: Client, application: Application, key: str, **typed: str) -> Any:
    """The button of one of the little forms on the page; it has to be there."""
    shown = page(client.get(where(application)))
    forms = shown.xpath(f"//form[@action='{where(application, key)}']")
    assert any(dict(form.form_values()).get("kind", "") == typed.get("kind", "") for form in forms), "no such button"
    return client.post(where(application, key), typed, follow=True)


def block(response: Any, key: str) -> str:
    (found,) = page(response).xpath(f"//*[@id='material-{key}']")
    return " ".join(found.text_content().split())


# --- in a draft --------------------------------------------------------------------------------------------------


def test_what_the_service_allows_is_offered_and_nothing_else(cast: Cast) -> None:
    response = at(cast.owner).get(where(without(cast, "canteen_plan", "epidemic_plan", "signed_pledge")))
    assert "Hand it in later" in block(response, "canteen_plan")
    assert "Pledge in its place" not in block(response, "canteen_plan")
    assert "Pledge in its place" in block(response, "epidemic_plan")
    assert "Hand it in later" not in block(response, "epidemic_plan")
    assert "later" not in block(response, "signed_pledge") and "Pledge in" not in block(response, "signed_pledge")


def test_a_material_that_is_there_is_not_offered_to_come_later(cast: Cast) -> None:
    assert "Hand it in later" not in block(at(cast.owner).get(where(filled(cast))), "canteen_plan")


def test_a_material_is_handed_in_later_listed_and_sent_without(cast: Cast) -> None:
    draft, client = without(cast, "canteen_plan"), at(cast.owner)
    response = press(client, draft, "canteen_plan", kind="later")
    assert response.redirect_chain == [(f"{where(draft)}#material-canteen_plan", 302)]
    assert "will be handed in later" in told(response)
    assert "within 5 working days after acceptance" in block(response, "canteen_plan")
    check = client.get(f"/applications/{draft.public_id}/check/")
    assert "Handed in later" in words(check) and "Still missing" not in words(check)
    client.post(f"/applications/{draft.public_id}/check/")
    draft.refresh_from_db()
    assert draft.status == Status.SUBMITTED


def test_it_is_taken_back_and_asked_for_again(cast: Cast) -> None:
    draft, client = without(cast, "canteen_plan"), at(cast.owner)
    press(client, draft, "canteen_plan", kind="later")
    response = press(client, draft, "canteen_plan")
    assert "is to be uploaded now" in told(response) and not draft.promises.exists()
    assert "Hand it in later" in block(response, "canteen_plan")
    assert "Still missing" in words(client.get(f"/applications/{draft.public_id}/check/"))


def test_a_pledge_is_read_in_full_and_agreed_to_before_it_is_given(cast: Cast) -> None:
    draft, client = without(cast, "epidemic_plan"), at(cast.owner)
    pledge = draft.definition.requirement("epidemic_plan").pledge.text.en
    assert pledge in block(client.get(where(draft)), "epidemic_plan")
    (tick,) = page(client.get(where(draft))).xpath("//input[@name='agree']")
    assert tick.get("required") is not None and tick.get("checked") is None
    response = press(client, draft, "epidemic_plan", kind="pledge")
    assert "tick that you agree" in told(response) and not draft.promises.exists()
    response = press(client, draft, "epidemic_plan", kind="pledge", agree="1")
    assert draft.promises.get().text == pledge
    assert "You pledged in its place" in block(response, "epidemic_plan") and pledge in block(response, "epidemic_plan")
    check = words(client.get(f"/applications/{draft.public_id}/check/"))
    assert "Pledged" in check and pledge in check


def test_what_cant_be_promised_is_refused_in_words(cast: Cast) -> None:
    draft = without(cast, "signed_pledge")
    for kind in ("later", "pledge", "nonsense"):
        response = at(cast.owner).post(where(draft, "signed_pledge"), {"kind": kind, "agree": "1"}, follow=True)
        assert "has to be uploaded" in told(response)
    assert not draft.promises.exists()


def test_bad_credit_is_offered_nothing_and_told_why_when_it_asks(cast: Cast) -> None:
    cast.enterprise.bad_credit = True
    cast.enterprise.save()
    draft = without(cast, "canteen_plan", "epidemic_plan")
    assert "Hand it in later" not in words(at(cast.owner).get(where(draft)))
    response = at(cast.owner).post(where(draft, "canteen_plan"), {"kind": "later"}, follow=True)
    assert "credit record" in told(response) and not draft.promises.exists()


def test_once_it_was_sent_nothing_more_is_promised(cast: Cast) -> None:
    application = steps.submitted(cast)
    response = at(cast.owner).post(where(application, "canteen_plan"), {"kind": "later"}, follow=True)
    assert "what was promised in it stands" in told(response)


def test_an_unknown_material_is_not_found(cast: Cast) -> None:
    assert at(cast.owner).post(where(filled(cast), "nothing"), {"kind": "later"}).status_code == 404


def test_a_file_that_came_after_all_leaves_nothing_owed(cast: Cast) -> None:
    draft, client = without(cast, "canteen_plan", "epidemic_plan"), at(cast.owner)
    press(client, draft, "canteen_plan", kind="later")
    press(client, draft, "epidemic_plan", kind="pledge", agree="1")
    send(client, draft, "canteen_plan", ("方案.pdf", read("canteen_plan.pdf")))
    workflow.submit(draft.pk, applicant=cast.owner)
    assert list(draft.promises.values_list("requirement", flat=True)) == ["epidemic_plan"]


def test_what_isnt_asked_for_any_more_is_not_owed(cast: Cast) -> None:
    draft, client = without(cast, "canteen_plan"), at(cast.owner)
    press(client, draft, "canteen_plan", kind="later")
    draft.answers = {**draft.answers, "canteen_used": False, "canteen_arrangement": None}
    draft.save()
    workflow.submit(draft.pk, applicant=cast.owner)
    assert not draft.promises.exists()


def test_the_service_page_says_what_can_wait_and_what_can_be_pledged(cast: Cast) -> None:
    text = words(at().get("/services/resumption/"))
    assert "can be handed in later" in text and "a pledge can stand in its place" in text


# --- after acceptance --------------------------------------------------------------------------------------------


def owing(cast: Cast, *keys: str) -> Application:
    draft = without(cast, *keys)
    for key in keys:
        workflow.promise_material(draft.pk, applicant=cast.owner, requirement=key, kind=Promise.Kind.LATER)
    return steps.in_review(cast, workflow.submit(draft.pk, applicant=cast.owner))


def test_what_is_owed_is_shown_with_its_date_and_handed_in(cast: Cast) -> None:
    application, client = owing(cast, "canteen_plan"), at(cast.owner)
    shown = client.get(application.get_absolute_url())
    until = written(application.promises.get().due_at)
    assert "Still to be handed in" in words(shown) and f"Due by {until}" in block(shown, "canteen_plan")
    response = send(client, application, "canteen_plan", ("方案.pdf", read("canteen_plan.pdf")))
    assert "Nothing more is owed" in told(response)
    assert "Still to be handed in" not in words(response) and "Owed material handed in" in words(response)
    assert application.promises.get().met_at and application.materials.filter(requirement="canteen_plan").exists()


def test_the_script_is_told_that_it_has_arrived(cast: Cast) -> None:
    application = owing(cast, "canteen_plan")
    answer = send_by_script(at(cast.owner), application, "canteen_plan", "a.pdf", read("canteen_plan.pdf")).json()
    assert answer["ok"] and "Nothing more is owed" in answer["status_html"]
    assert application.promises.get().met_at


def test_the_script_is_told_of_it_only_when_it_was_found_fine(cast: Cast, settings) -> None:
    settings.INSPECTION = "worker"
    application, client = owing(cast, "canteen_plan"), at(cast.owner)

    def sent(content: bytes) -> Material:
        answer = send_by_script(client, application, "canteen_plan", "a.pdf", content).json()
        assert "being checked" in answer["status_html"] and "Nothing more is owed" not in answer["status_html"]
        return application.materials.latest("pk")

    def state(material: Material) -> dict[str, Any]:
        url = f"{application.get_absolute_url()}files/{material.public_id}/state/"
        return client.get(url, headers={"X-Requested-With": "XMLHttpRequest"}).json()

    broken = sent(bad.truncated_pdf())
    checking.check(broken.pk)
    found = state(broken)
    assert found["state"] == "refused" and "status_html" not in found and "Remove" in found["html"]
    material = sent(read("canteen_plan.pdf"))
    checking.check(material.pk)
    assert state(material)["state"] == "checking"  # the worker has yet to tell the office
    material.refresh_from_db()
    arrivals.arrived(material)
    found = state(material)
    assert found["state"] == "fine" and "Nothing more is owed" in found["status_html"] and "Remove" not in found["html"]


def test_only_what_is_owed_can_be_uploaded_and_not_twice(cast: Cast) -> None:
    application, client = owing(cast, "canteen_plan"), at(cast.owner)
    response = send(client, application, "signed_pledge", ("b.pdf", read("canteen_plan.pdf")))
    assert "can't be changed now" in told(response)
    send(client, application, "canteen_plan", ("a.pdf", read("canteen_plan.pdf")))
    other = send(client, application, "canteen_plan", ("b.pdf", read("epidemic_plan.pdf")))
    assert "can't be changed now" in told(other)
    assert application.materials.current().filter(requirement="canteen_plan").count() == 1


def test_a_bad_file_leaves_it_owed(cast: Cast) -> None:
    application = owing(cast, "canteen_plan")
    response = send(at(cast.owner), application, "canteen_plan", ("a.pdf", b"no pdf"))
    assert told(response) and "Still to be handed in" in words(response)
    assert application.promises.get().met_at is None


def test_of_two_owed_the_other_is_still_asked_for(cast: Cast) -> None:
    edition(epidemic_plan="deferrable = true")
    application = owing(cast, "canteen_plan", "epidemic_plan")
    response = send(at(cast.owner), application, "canteen_plan", ("a.pdf", read("canteen_plan.pdf")))
    assert "1 material is still to be handed in" in told(response)
    assert [found.get("id") for found in page(response).xpath("//*[@id='owed']//*[@data-requirement]")] == [
        "material-epidemic_plan"
    ]


def test_several_files_of_one_owed_material_come_together(cast: Cast) -> None:
    edition(canteen_plan="deferrable = true\nmax_count = 3")
    application, client = owing(cast, "canteen_plan"), at(cast.owner)
    assert not page(client.get(application.get_absolute_url())).xpath("//*[@id='owed']//form[@data-upload]")
    send(client, application, "canteen_plan", ("a.pdf", read("canteen_plan.pdf")), ("b.pdf", read("epidemic_plan.pdf")))
    assert application.materials.filter(requirement="canteen_plan").count() == 2


def test_after_it_ended_nothing_is_owed_any_more(cast: Cast) -> None:
    application, client = owing(cast, "canteen_plan"), at(cast.owner)
    due = application.promises.get().due_at
    assert due and workflow.terminate(application.pk, now=due)
    shown = client.get(application.get_absolute_url())
    assert "Still to be handed in" not in words(shown) and "Terminated: an owed material did not come" in words(shown)
    assert "can't be changed now" in told(
        send(client, application, "canteen_plan", ("a.pdf", read("canteen_plan.pdf")))
    )
