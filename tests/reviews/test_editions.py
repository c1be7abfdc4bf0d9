"""Editions: what a new one changes is shown before; drafts are carried without a silent loss; an earlier one comes back."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from permits.models import Application, ServiceVersion
from reviews import lifecycle, publishing, workflow
from reviews.models import Event
from tests.cast import Cast, filled, person, post

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


@pytest.mark.parametrize("page", ["preview", "export", "roll-back", "change"])
def test_an_official_does_not_get_there(cast: Cast, page):
    official = signed_in(post("clerk", "street", "360902"))
    assert official.get(f"/admin/permits/serviceversion/{first_edition().pk}/{page}/").status_code in (302, 403, 404)


def test_every_edition_page_opens_for_ops(ops):
    version = first_edition()
    for path in ("", f"{version.pk}/change/"):
        assert ops.get(f"/admin/permits/serviceversion/{path}").status_code == 200
    assert ops.get(f"/admin/permits/service/{version.service_id}/change/").status_code == 200
