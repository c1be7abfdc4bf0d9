"""Editions: what a new one changes is shown before; drafts are carried without a silent loss; an earlier one comes back."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from permits.intake import storage
from permits.models import Application, Material, Promise, ServiceVersion
from reviews import lifecycle, publishing, workflow
from reviews.models import Event
from tests.cast import Cast, filled, person, post
from tests.portal import steps

pytestmark = pytest.mark.django_db
SOURCE = (Path(settings.BASE_DIR) / "permits" / "services" / "resumption.toml").read_text(encoding="utf-8")
# The masks are counted in boxes now, the lead's mobile is not asked for, and a question is new.
NEWER = (
    SOURCE.replace('zh = "口罩库存", en = "Masks in stock"', 'zh = "口罩库存（盒）", en = "Boxes of masks"')
    .replace('key = "epidemic_lead_mobile"\ntype = "mobile"', 'key = "epidemic_lead_phone"\ntype = "text"')
    .replace('key = "mask_days"\ntype = "integer"', 'key = "mask_days"\ntype = "yesno"')
    .replace("minimum = 0\nmaximum = 3650\n", "")
    .replace('label = { zh = "口罩可用天数", en = "Days the masks last" }\nunit = { zh = "天", en = "days" }',
             'label = { zh = "口罩够用吗", en = "Are there enough masks?" }')
)  # fmt: skip


def signed_in(user) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def dry_run(tmp_path: Path, source: str) -> str:
    file = tmp_path / "newer.toml"
    file.write_text(source, encoding="utf-8")
    out = StringIO()
    call_command("publish_service", str(file), "--dry-run", stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_changes_and_what_drafts_would_lose(cast: Cast, tmp_path):
    filled(cast)
    said = dry_run(tmp_path, NEWER)
    assert "~ fields.masks.label.zh: 口罩库存 → 口罩库存（盒）" in said
    assert "- fields.epidemic_lead_mobile" in said and "+ fields.epidemic_lead_phone" in said
    assert "~ fields.mask_days.type: integer → yesno" in said
    assert "1 open drafts" in said and "in 1 of them the answer to 'mask_days' would no longer fit" in said
    assert ServiceVersion.objects.count() == 1


def test_a_dry_run_of_the_same_text_changes_nothing(cast: Cast, tmp_path):
    assert "no change" in dry_run(tmp_path, SOURCE)


def test_what_was_sent_keeps_its_edition_and_its_labels(cast: Cast):
    sent = workflow.submit(filled(cast).pk, applicant=cast.owner)
    publishing.publish(NEWER)
    page = signed_in(cast.owner).get(sent.get_absolute_url()).content.decode()
    assert "Masks in stock" in page and "Boxes of masks" not in page
    with pytest.raises(lifecycle.NotPossible):
        workflow.carry_draft(sent.pk, applicant=cast.owner)


def test_a_draft_is_carried_over_and_what_no_longer_fits_is_shown_until_it_was_seen(cast: Cast):
    draft = filled(cast)
    publishing.publish(NEWER)
    client = signed_in(cast.owner)
    address = f"/applications/{draft.public_id}"
    assert "There is a newer edition" in client.get(f"{address}/check/").content.decode()
    client.post(f"{address}/carry/")
    draft.refresh_from_db()
    assert draft.version.edition == 2
    assert draft.answers["masks"] == 2000 and "mask_days" not in draft.answers
    page = client.get(f"{address}/check/").content.decode()
    assert "There is a newer edition" not in page
    assert "did not fit the new edition" in page and "Days the masks last" in page and "8 days" in page
    assert "139****0312" in page and "13900000312" not in page  # personal numbers stay masked here too
    client.post(f"{address}/carry/")
    assert "8 days" in client.get(f"{address}/check/").content.decode()  # a double click loses nothing
    client.post(f"{address}/carry/", {"seen": "1"})
    assert "8 days" not in client.get(f"{address}/check/").content.decode()
    client.post(f"{address}/discard/")
    assert not Application.objects.filter(pk=draft.pk).exists()


def test_an_outsider_carries_nothing(cast: Cast):
    draft = filled(cast)
    publishing.publish(NEWER)
    assert signed_in(cast.outsider).post(f"/applications/{draft.public_id}/carry/").status_code == 404
    draft.refresh_from_db()
    assert draft.version.edition == 1


def test_a_draft_on_the_older_edition_can_still_be_sent(cast: Cast):
    draft = filled(cast)
    publishing.publish(NEWER)
    assert workflow.submit(draft.pk, applicant=cast.owner).version.edition == 1


# --- in the admin ---------------------------------------------------------------------------------------------


@pytest.fixture
def ops(cast: Cast) -> Client:
    publishing.publish(NEWER)
    return signed_in(person("ops", is_staff=True, is_superuser=True))


def first_edition() -> ServiceVersion:
    return ServiceVersion.objects.get(edition=1)


def test_an_edition_is_seen_as_an_applicant_sees_it(ops):
    page = ops.get(f"/admin/permits/serviceversion/{first_edition().pk}/preview/").content.decode()
    assert "Masks in stock" in page and 'name="first_batch"' in page and 'type="submit"' not in page.split("<main")[1]
    # Its materials too: what is taken, and the files that this edition has.
    assert "JPG, HEIC, PNG, up to 20 MB each, at most 9 files." in page and "can be handed in later" in page
    assert 'href="/services/resumption/files/1/returning_staff.xlsx"' in page and "js/regions.js" in page


def test_defaults_and_what_hangs_on_another_section_are_seen_in_the_preview(ops):
    source = (Path(__file__).parents[1] / "portal" / "every_type.toml").read_text(encoding="utf-8")
    version = publishing.publish(source).version
    page = ops.get(f"/admin/permits/serviceversion/{version.pk}/preview/").content.decode()
    assert 'value="3"' in page and 'value="b" ' in page and page.count(" checked") == 3


def test_an_edition_comes_out_as_it_went_in(ops):
    assert ops.get(f"/admin/permits/serviceversion/{first_edition().pk}/export/").content.decode() == SOURCE


def test_an_earlier_edition_is_put_in_force_with_a_reason_and_recorded(ops):
    version = first_edition()
    address = f"/admin/permits/serviceversion/{version.pk}/roll-back/"
    shown = ops.get(address).content.decode()
    assert "Boxes of masks" in shown or "口罩库存（盒）" in shown
    assert ops.post(address, {"reason": " "}).status_code == 422
    version.service.refresh_from_db()
    assert version.service.current.edition == 2
    assert ops.post(address, {"reason": "新版口径有误"}).status_code == 302
    version.service.refresh_from_db()
    assert version.service.current.edition == 1
    event = Event.objects.get(action="service_rolled_back")
    assert (event.before, event.after) == ("2", "1") and event.note.text == "新版口径有误"
    ops.post(address, {"reason": "再点一次"})
    assert Event.objects.filter(action="service_rolled_back").count() == 1


def test_what_follows_a_rollback_says_which_edition_was_in_force_before(db):
    publishing.publish(SOURCE)
    second = publishing.publish(SOURCE + "\n# two\n").version
    third = publishing.publish(SOURCE + "\n# three\n").version
    publishing.roll_back(second.service_id, edition=second.edition, by=None, reason="有误")
    fourth = publishing.publish(SOURCE + "\n# four\n").version
    told = Event.objects.filter(stream="service:resumption").order_by("-seq").values_list("action", "before", "after")
    assert list(told[:2]) == [
        ("service_published", str(second.edition), str(fourth.edition)),
        ("service_rolled_back", str(third.edition), str(second.edition)),
    ]


@pytest.mark.parametrize("page", ["preview", "export", "roll-back", "change"])
def test_an_official_does_not_get_there(cast: Cast, page):
    official = signed_in(post("clerk", "street", "360902"))
    assert official.get(f"/admin/permits/serviceversion/{first_edition().pk}/{page}/").status_code in (302, 403, 404)


def test_every_edition_page_opens_for_ops(ops):
    version = first_edition()
    for path in ("", f"{version.pk}/change/"):
        assert ops.get(f"/admin/permits/serviceversion/{path}").status_code == 200
    assert ops.get(f"/admin/permits/service/{version.service_id}/change/").status_code == 200


# --- promises and files of a draft that is carried over -----------------------------------------------------------


def edition(key: str, *, without: bool = False, **lines: str) -> str:
    """The definition with one material left out, or with a line of it said otherwise (left out when it says nothing)."""
    parts = re.split(r"(?m)^(?=\[\[)", SOURCE)
    at = next(n for n, part in enumerate(parts) if part.startswith("[[materials]]") and f'key = "{key}"' in part)
    for name, value in lines.items():
        parts[at] = re.sub(rf"(?m)^{name} = .*\n", f"{name} = {value}\n" if value else "", parts[at])
    if without:
        parts.pop(at)
    return "".join(parts)


def carried(cast: Cast, draft: Application, source: str) -> Application:
    publishing.publish(source)
    signed_in(cast.owner).post(f"/applications/{draft.public_id}/carry/")
    draft.refresh_from_db()
    assert draft.version.edition == 2
    return draft


def promising(cast: Cast, requirement: str, kind: str) -> Application:
    draft = filled(cast)
    draft.materials.filter(requirement=requirement).delete()
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement=requirement, kind=kind)
    return draft


def test_what_was_to_come_later_and_is_not_asked_for_any_more_is_not_owed(cast: Cast):
    draft = carried(cast, promising(cast, "canteen_plan", "later"), edition("canteen_plan", without=True))
    assert not draft.promises.exists()
    page = signed_in(cast.owner).get(f"/applications/{draft.public_id}/check/").content.decode()
    assert "to be handed in later: this does not hold any more" in page and "Canteen" in page
    sent = steps.countersigned(cast, workflow.submit(draft.pk, applicant=cast.owner))
    steps.decide(cast, sent, "bureau", "approve")
    sent.refresh_from_db()
    assert sent.status == "approved"


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({"pledge": ""}, False),
        ({"pledge": '{ department = "health", within = "10d", text = { zh = "另一承诺", en = "Another" } }'}, False),
        ({"help": '{ zh = "另", en = "Otherwise" }'}, True),
    ],
)
def test_a_pledge_that_the_new_edition_does_not_take_stands_for_nothing(cast: Cast, said: dict[str, str], holds: bool):
    draft = carried(cast, promising(cast, "epidemic_plan", "pledge"), edition("epidemic_plan", **said))
    assert draft.promises.exists() is holds
    if holds:
        assert workflow.submit(draft.pk, applicant=cast.owner).status == "submitted"
        return
    with pytest.raises(workflow.Incomplete):
        workflow.submit(draft.pk, applicant=cast.owner)
    page = signed_in(cast.owner).get(f"/applications/{draft.public_id}/check/").content.decode()
    assert "your pledge in its place: it does not hold any more" in page


def test_a_promise_of_what_is_not_asked_for_falls_away_when_it_is_sent(cast: Cast):
    draft = filled(cast)
    Promise.objects.create(application=draft, requirement="gone", kind="later", made_by=cast.owner, made_at=timezone.now())
    assert not workflow.submit(draft.pk, applicant=cast.owner).promises.exists()


@pytest.mark.parametrize("source", [edition("epidemic_plan", without=True), edition("epidemic_plan", formats='["docx"]')])
def test_a_file_that_does_not_fit_the_new_edition_is_shown_and_not_sent(
    cast: Cast, source: str, django_capture_on_commit_callbacks: Any
):
    draft = filled(cast)
    stored = storage.put([b"%PDF a plan"])
    file = draft.materials.get(requirement="epidemic_plan")
    draft.materials.filter(pk=file.pk).update(sha256=stored.sha256, size=stored.size)
    carried(cast, draft, source)
    client, address = signed_in(cast.owner), f"/applications/{draft.public_id}"
    for page in ("check", "materials", "fill/people"):
        shown = client.get(f"{address}/{page}/").content.decode()
        assert "These files did not fit the new edition" in shown and file.url in shown, page
    assert client.get(file.url).status_code == 200
    if draft.definition.requirement("epidemic_plan"):
        with pytest.raises(workflow.Incomplete):
            workflow.submit(draft.pk, applicant=cast.owner)
        Material.objects.create(
            application=draft, requirement="epidemic_plan", original_name="plan.docx", media_type="application/docx",
            size=6, sha256="d" * 64, uploaded_by=cast.owner, check_state="fine",
        )  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        sent = workflow.submit(draft.pk, applicant=cast.owner)
    assert not sent.materials.filter(pk=file.pk).exists() and not storage.exists(stored.sha256)


def test_a_file_that_does_not_fit_the_new_edition_can_be_removed(cast: Cast):
    draft = filled(cast)
    file = draft.materials.get(requirement="epidemic_plan")
    carried(cast, draft, edition("epidemic_plan", without=True))
    client, address = signed_in(cast.owner), f"/applications/{draft.public_id}"
    client.post(f"{address}/files/{file.public_id}/remove/")
    assert not draft.materials.filter(pk=file.pk).exists()
    assert "These files did not fit" not in client.get(f"{address}/check/").content.decode()


def test_a_file_that_was_being_checked_for_what_is_not_asked_any_more_is_told_of(cast: Cast):
    draft = filled(cast)
    draft.materials.filter(requirement="epidemic_plan").update(check_state="checking", original_name="our plan.pdf")
    carried(cast, draft, edition("epidemic_plan", without=True))
    assert not draft.materials.filter(requirement="epidemic_plan").exists()
    assert "our plan.pdf" in signed_in(cast.owner).get(f"/applications/{draft.public_id}/check/").content.decode()
    assert workflow.submit(draft.pk, applicant=cast.owner).status == "submitted"
