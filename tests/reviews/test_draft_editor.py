"""The editor of draft editions, as service owners use it; everything by the page's own forms and buttons."""

from __future__ import annotations

import html as entities
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import html

from permits import definition_text
from permits.models import EditionDraft, Service, ServiceVersion, User
from reviews import drafting, editions, publishing, workflow
from reviews.models import Event, RoleGrant
from tests.cast import Cast, filled, person
from tests.reviews.test_editions import NEWER, SOURCE

pytestmark = pytest.mark.django_db
LIST = "/admin/permits/editiondraft/"
MASKS = "sections.4.fields.0"


def owner_named(name: str) -> User:
    user = person(name, is_staff=True)
    RoleGrant.objects.create(user=user, role=RoleGrant.Role.SERVICE_OWNER)
    return user


def at(user: User | None, language: str = "en") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    if user:
        user.language = language
        user.save()
        client.force_login(user)
    return client


@pytest.fixture
def writer(cast: Cast) -> User:
    return owner_named("writer")


@pytest.fixture
def desk(writer: User) -> Client:
    return at(writer)


@pytest.fixture
def draft(writer: User) -> EditionDraft:
    return drafting.start(by=writer, base=ServiceVersion.objects.get(service__slug="resumption"))


def address(draft: EditionDraft, part: str = "") -> str:
    return f"{LIST}{draft.pk}/change/" + (f"?at={part}" if part else "")


def text_of(response: Any) -> str:
    return " ".join(entities.unescape(response.content.decode()).split())


def sent_by(response: Any) -> dict[str, Any]:
    """What the form of the part would send as it stands on the page."""
    (form,) = html.document_fromstring(response.content.decode()).xpath("//form[@id='part']")
    values: dict[str, Any] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    for area in form.iter("textarea"):  # the line break behind the tag is markup
        values[area.name] = [(area.text or "").removeprefix("\n")]
    for field in form.inputs:
        if field.get("type") in ("text", "hidden") and field.name not in values:
            values[field.name] = [""]
    return {name: value for name, value in values.items() if name != "csrfmiddlewaretoken"}


def opened(client: Client, draft: EditionDraft, part: str = MASKS) -> dict[str, Any]:
    return sent_by(client.get(address(draft, part)))


def send(client: Client, draft: EditionDraft, form: dict[str, Any], part: str = MASKS, **changes: Any) -> Any:
    return client.post(address(draft, part), {**form, **changes})


def source_of(draft: EditionDraft) -> str:
    draft.refresh_from_db()
    return draft.source


# --- Who, and how it begins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "add/", "{pk}/change/", "{pk}/publish/", "{pk}/frame/", "{pk}/export/"])
def test_officials_and_applicants_get_nowhere(cast: Cast, draft, page):
    for user in (cast.supervisor, cast.owner, None):
        response = at(user).get(LIST + page.format(pk=draft.pk))
        assert response.status_code == 403 or "login" in response["Location"]


def test_a_service_owner_finds_list_editions_and_drafts_and_nothing_of_ops(desk, draft):
    assert "Draft editions" in text_of(desk.get(LIST))
    assert desk.get("/admin/permits/serviceversion/").status_code == 200
    assert desk.get("/admin/permits/user/").status_code == 403


def test_a_draft_begins_with_the_edition_that_one_looked_at(desk, cast):
    version = ServiceVersion.objects.get(service__slug="resumption")
    page = text_of(desk.get(f"/admin/permits/serviceversion/{version.pk}/change/"))
    assert f"/admin/permits/editiondraft/add/?edition={version.pk}" in page
    started = desk.post(f"{LIST}add/?edition={version.pk}", {"edition": version.pk, "source": ""})
    draft = EditionDraft.objects.get()
    assert started["Location"] == address(draft) and draft.source == SOURCE and draft.base == version


def test_a_draft_begins_with_a_file_or_a_pasted_text_right_or_wrong(desk, cast):
    desk.post(f"{LIST}add/", {"file": SimpleUploadedFile("x.toml", NEWER.encode())})
    pasted = desk.post(f"{LIST}add/", {"source": "slug = "}, follow=True)
    first, second = EditionDraft.objects.order_by("pk")
    assert first.source == NEWER and second.source == "slug = \n"
    assert "Faults" in text_of(pasted) and 'name="source"' in pasted.content.decode()


@pytest.mark.parametrize("sent", [
    {}, {"source": "  "}, {"file": SimpleUploadedFile("x.toml", "甲".encode("gb18030"))}, {"source": "x" * 500_000},
])  # fmt: skip
def test_what_cant_begin_a_draft_is_refused_and_what_was_typed_stays(desk, cast, sent):
    response = desk.post(f"{LIST}add/", sent)
    assert response.status_code == 422 and not EditionDraft.objects.exists()
    assert sent.get("source", "")[:1000] in response.content.decode()


# --- A part as a form ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["head", "sections.0", MASKS, "rules.3", "faq.1", "toml"])
def test_a_part_saved_as_it_was_shown_changes_nothing(desk, draft, part):
    assert send(desk, draft, opened(desk, draft, part), part).status_code == 302
    assert source_of(draft) == SOURCE and draft.revision == 1


def test_a_label_is_changed_and_the_rest_of_the_text_stays(desk, draft):
    send(desk, draft, opened(desk, draft), label_zh="口罩库存（盒）")
    assert source_of(draft) == SOURCE.replace('zh = "口罩库存"', 'zh = "口罩库存（盒）"')
    assert draft.revision == 2 and draft.saved_by is not None


def test_conditions_limits_and_choices_are_changed(desk, draft):
    send(desk, draft, opened(desk, draft), shown_if="first_batch > 10", minimum="5", required="")
    send(desk, draft, opened(desk, draft, "sections.0.fields.6"), "sections.0.fields.6", choices="big | 大 | Big")
    saved = source_of(draft)
    assert 'shown_if = "first_batch > 10"' in saved and "minimum = 5" in saved
    assert 'choices = [\n    { value = "big", label = { zh = "大", en = "Big" } },\n]' in saved


def test_a_rule_is_changed_with_the_places_where_it_is_shown(desk, draft):
    form = opened(desk, draft, "rules.3")
    assert form["fields"] == ["masks"]
    send(desk, draft, form, "rules.3", level="error", fields=["masks", "mask_days"], message_en="Too few.")
    assert 'level = "error"\nfields = ["masks", "mask_days"]' in source_of(draft) and 'en = "Too few."' in draft.source


def test_a_fault_is_kept_and_named_with_line_and_key(desk, draft):
    send(desk, draft, opened(desk, draft), shown_if="nobody > 1", minimum="many")
    page = text_of(desk.get(address(draft, MASKS)))
    line = source_of(draft).splitlines().index('minimum = "many"') + 1
    assert f"Line {line}" in page and "sections.4.fields.0.minimum" in page and 'value="nobody > 1"' in page
    assert "Nothing was published" not in page and Service.objects.get(slug="resumption").current.edition == 1


def test_faults_are_named_in_chinese_too(writer, draft):
    chinese = at(writer, "zh-hans")
    send(chinese, draft, opened(chinese, draft), shown_if="nobody > 1")
    page = text_of(chinese.get(address(draft, MASKS)))
    assert "用到了 'nobody'，但表单没有这个问题" in page and "有问题，还不能发布" in page
    send(chinese, draft, opened(chinese, draft), shown_if="a b")
    assert "条件写得不对" in text_of(chinese.get(address(draft, MASKS)))


@pytest.mark.parametrize(
    "words", ["\u202e<script>alert(1)</script>", "'\"\\ \t '''", "😀" * 50, "=cmd|'/c calc'!A1", "a\r\nb"]
)
def test_naughty_words_stay_what_they_are(desk, draft, words):
    send(desk, draft, opened(desk, draft), help_zh=words, help_en="x")
    wanted = words.replace("\r\n", "\n").strip()
    assert opened(desk, draft)["help_zh"] == [wanted]
    page = desk.get(f"{LIST}{draft.pk}/frame/?at={MASKS}&language=zh-hans").content.decode()
    assert "<script>alert" not in page and entities.escape(wanted.split("\n")[0]) in page


# --- Order --------------------------------------------------------------------------------------------------------


def keys(draft: EditionDraft, section: int = 4) -> list[str]:
    return [field["key"] for field in tomllib.loads(source_of(draft))["sections"][section]["fields"]]


def test_buttons_move_add_and_remove_and_take_along_what_was_typed(desk, draft):
    form = opened(desk, draft)
    moved = send(desk, draft, form, label_en="Boxes", do=f"down:{MASKS}:masks")
    assert keys(draft)[:2] == ["mask_days", "masks"] and 'en = "Boxes"' in draft.source
    assert moved["Location"].endswith("?at=sections.4.fields.1")
    added = send(
        desk,
        draft,
        opened(desk, draft, "sections.4.fields.1"),
        "sections.4.fields.1",
        do="add:field:sections.4.fields.1",
    )
    assert keys(draft)[2] == "question_1" and added["Location"].endswith("?at=sections.4.fields.2")
    send(
        desk,
        draft,
        opened(desk, draft, "sections.4.fields.2"),
        "sections.4.fields.2",
        do="remove:sections.4.fields.2:question_1",
    )
    assert "question_1" not in keys(draft)


def test_a_question_moved_past_the_end_goes_into_the_next_section(desk, draft):
    part = "sections.3.fields.3"
    send(desk, draft, opened(desk, draft, part), part, do=f"down:{part}:canteen_arrangement")
    assert keys(draft)[0] == "canteen_arrangement" and "canteen_arrangement" not in keys(draft, 3)


def test_sections_rules_and_columns_are_added(desk, draft):
    for do in ("add:section:", "add:rule:", "add:field:sections.0"):
        send(desk, draft, opened(desk, draft, "head"), "head", do=do)
    assert "section_1" in source_of(draft) and "rule_1" in draft.source and keys(draft, 0)[-1] == "question_2"
    assert "No faults" in text_of(desk.get(address(draft)))


def answers(draft: EditionDraft) -> list[str]:
    return [each["question"]["en"] for each in tomllib.loads(source_of(draft)).get("faq", [])]


def test_the_fee_is_written_in_both_languages_and_taken_away(desk, draft):
    send(desk, draft, opened(desk, draft, "head"), "head", fee_zh="每件 20 元", fee_en="20 yuan each")
    assert tomllib.loads(source_of(draft))["fee"] == {"zh": "每件 20 元", "en": "20 yuan each"}
    assert "20 yuan each" in text_of(desk.get(f"{LIST}{draft.pk}/frame/?at=head&language=en"))
    send(desk, draft, opened(desk, draft, "head"), "head", fee_zh="")
    page = text_of(desk.get(address(draft)))
    assert "fee.zh" in page and "go:head" in page, "a fault, told where it is mended"
    send(desk, draft, opened(desk, draft, "head"), "head", fee_en="")
    assert source_of(draft) == SOURCE and "Free of charge" in text_of(desk.get(f"{LIST}{draft.pk}/frame/?at=head"))


def test_what_is_often_asked_is_added_written_moved_and_removed(desk, draft):
    before = answers(draft)
    added = send(desk, draft, opened(desk, draft, "head"), "head", do="add:answer:")
    assert added["Location"].endswith("?at=faq.3") and "No faults" in text_of(desk.get(added["Location"]))
    words = {
        "question_zh": "要带什么？",
        "question_en": "What to bring?",
        "answer_zh": "不用。",
        "answer_en": "Nothing.",
    }
    send(desk, draft, opened(desk, draft, "faq.3"), "faq.3", **words)
    assert answers(draft) == [*before, "What to bring?"]
    frame = text_of(desk.get(f"{LIST}{draft.pk}/frame/?at=faq.3&language=zh-hans"))
    assert "要带什么？" in frame and "企业名称" not in frame, "as on the service's page, without the form"

    moved = send(desk, draft, opened(desk, draft, "faq.3"), "faq.3", do="up:faq.3:", answer_en="Nothing at all.")
    assert answers(draft)[2:] == ["What to bring?", before[2]] and moved["Location"].endswith("?at=faq.2")
    send(desk, draft, opened(desk, draft, "faq.2"), "faq.2", do="remove:faq.2:")
    assert source_of(draft) == SOURCE

    send(desk, draft, opened(desk, draft, "faq.0"), "faq.0", answer_en="")
    page = text_of(desk.get(address(draft)))
    assert "faq.0.answer.en" in page and 'value="go:faq.0"' in page


def test_a_button_on_an_old_page_removes_no_other_answer(desk, draft, writer):
    first, second, third = answers(draft)
    stale = opened(desk, draft, "faq.1")
    drafting.save(draft.pk, by=writer, edit=lambda d: definition_text.move(d.source, ("faq", 1), ("faq", 2)))
    send(desk, draft, stale, "faq.1", do="remove:faq.1:" + stale["was"][0])
    assert answers(draft) == [first, third], f"{second} was meant, wherever it stands now"


def test_removing_what_a_rule_names_is_told_as_a_fault(desk, draft):
    send(desk, draft, opened(desk, draft), do=f"remove:{MASKS}:masks")
    page = text_of(desk.get(address(draft)))
    assert "names 'masks', which is not a question of the form" in page and "is shown at 'masks'" in page


def test_a_button_pressed_on_an_old_page_moves_nothing_else(desk, draft, writer):
    form = opened(desk, draft, "head")
    drafting.save(draft.pk, by=writer, edit=lambda d: d.source.replace('key = "masks"', 'key = "covers"'))
    response = send(desk, draft, form, "head", do=f"remove:{MASKS}:masks")
    assert response.status_code == 409 and "covers" in keys(draft)


@pytest.mark.parametrize(
    "do", ["remove:materials.0:x", "up:x:y", "add:stage:x", "add:field:", "remove::", "go:", "x" * 99]
)
def test_a_button_that_isnt_one_breaks_nothing(desk, draft, do):
    assert send(desk, draft, opened(desk, draft), do=do).status_code in (302, 409)
    assert source_of(draft) == SOURCE


# --- Two people ---------------------------------------------------------------------------------------------------


def test_two_people_on_one_question_see_both_texts_and_the_second_decides(desk, draft, cast):
    other = at(owner_named("other"))
    mine, theirs = opened(desk, draft), opened(other, draft)
    send(other, draft, theirs, label_zh="口罩（只）")
    refused = send(desk, draft, mine, label_zh="口罩（盒）")
    page = text_of(refused)
    assert refused.status_code == 409 and "other saved at" in page
    assert "Saved: <strong>口罩（只）</strong>" in page and "Typed by you: <strong>口罩（盒）</strong>" in page
    assert "口罩（盒）" not in source_of(draft)
    assert send(desk, draft, sent_by(refused)).status_code == 302
    assert "口罩（盒）" in source_of(draft)


def test_two_people_on_two_questions_dont_disturb_each_other(desk, draft, cast):
    other = at(owner_named("other"))
    mine, theirs = opened(desk, draft), opened(other, draft, "sections.0.fields.0")
    send(other, draft, theirs, "sections.0.fields.0", label_zh="单位名称", do="down:sections.0:enterprise")
    assert send(desk, draft, mine, label_zh="口罩（盒）").status_code == 302  # though its section moved meanwhile
    assert "单位名称" in source_of(draft) and "口罩（盒）" in draft.source


def test_what_was_typed_into_a_part_that_somebody_removed_is_shown(desk, draft, cast):
    mine = opened(desk, draft)
    other = at(owner_named("other"))
    send(other, draft, opened(other, draft), do=f"remove:{MASKS}:masks")
    refused = send(desk, draft, mine, label_zh="我写的字")
    assert refused.status_code == 409 and "我写的字" in text_of(refused) and "other changed it" in text_of(refused)


def test_two_people_on_the_toml_see_the_lines_that_differ(desk, draft, cast):
    mine = opened(desk, draft, "toml")
    other = at(owner_named("other"))
    send(other, draft, opened(other, draft), label_zh="口罩（只）")
    typed = mine["source"][0].replace("total_mb = 200", "total_mb = 100")
    refused = send(desk, draft, mine, "toml", source=typed)
    page = text_of(refused)
    assert (
        refused.status_code == 409
        and "+ total_mb = 100" in page
        and "- total_mb = 200" in page
        and "口罩（只）" in page
    )
    assert "total_mb = 200" in source_of(draft)
    send(desk, draft, sent_by(refused), "toml")
    assert source_of(draft) == typed


def test_a_double_click_is_no_conflict(desk, draft):
    form = opened(desk, draft)
    for _click in range(2):
        assert send(desk, draft, form, label_zh="口罩（盒）").status_code == 302
    assert source_of(draft).count("口罩（盒）") == 1 and draft.revision == 2


# --- By itself ----------------------------------------------------------------------------------------------------


def test_a_form_that_saves_itself_is_told_the_new_state_and_the_faults(desk, draft):
    form = opened(desk, draft)
    first = send(desk, draft, form, autosave="1", label_zh="口罩（盒）", key="mask stock")
    page = text_of(first)
    assert (
        first.status_code == 200
        and "Saved at" in page
        and "sections.4.fields.0.key" in page
        and 'hx-swap-oob="true"' in page
    )
    fragment = html.fromstring(f"<div>{first.content.decode()}</div>")
    hidden = {field.name: field.value for field in fragment.iter("input")}
    assert hidden["was"] == "mask stock"
    again = send(desk, draft, form, autosave="1", key="masks", label_zh="口罩（盒）", **hidden)
    assert again.status_code == 200 and "No faults" in text_of(again)


def test_a_form_that_saves_itself_after_somebody_else_is_told_so(desk, draft, cast):
    mine = opened(desk, draft)
    other = at(owner_named("other"))
    send(other, draft, opened(other, draft), label_zh="口罩（只）")
    refused = send(desk, draft, mine, autosave="1", label_zh="口罩（盒）")
    assert refused.status_code == 409 and "other changed this" in text_of(refused)
    assert send(desk, draft, mine, label_zh="口罩（盒）").status_code == 409  # the old state again: both are shown


def test_a_form_that_saves_itself_without_a_session_stays_on_its_page(desk, draft):
    form = opened(desk, draft)
    response = send(at(None), draft, form, autosave="1", label_zh="口罩（盒）")
    assert response.status_code == 401 and "/admin/login/?next=" in text_of(response)


# --- The whole text -----------------------------------------------------------------------------------------------


def test_text_that_is_no_toml_is_kept_and_the_line_is_named(desk, draft):
    broken = SOURCE + "this is not toml\n"
    send(desk, draft, opened(desk, draft, "toml"), "toml", source=broken)
    page = desk.get(address(draft, MASKS))
    assert source_of(draft) == broken and f"Line {len(broken.splitlines())}" in text_of(page)
    assert sent_by(page)["source"] == [broken]


def test_what_is_written_in_one_line_is_left_to_the_toml_page_and_what_was_typed_stays(desk, draft, writer):
    start = SOURCE.index("[[rules]]")
    rules = 'rules = [{ key = "r", check = "masks > 1", message = { zh = "a", en = "b" }, fields = ["masks"] }]\n'
    inline = rules + SOURCE[:start] + SOURCE[SOURCE.index("[[materials]]") :]
    drafting.save(draft.pk, by=writer, edit=lambda d: inline)
    response = send(desk, draft, opened(desk, draft, "rules.0"), "rules.0", message_zh="太少了")
    assert response.status_code == 422 and "only the TOML page can change" in text_of(response)
    assert 'value="masks > 1"' not in source_of(draft) and "太少了" in text_of(response)


# --- The preview --------------------------------------------------------------------------------------------------


def test_the_preview_shows_the_section_in_the_language_asked_for(desk, draft):
    send(desk, draft, opened(desk, draft), label_zh="口罩（盒）", label_en="Boxes")
    frame = desk.get(f"{LIST}{draft.pk}/frame/?at={MASKS}&language=zh-hans")
    assert (
        "口罩（盒）" in text_of(frame) and "企业名称" not in text_of(frame) and frame["X-Frame-Options"] == "SAMEORIGIN"
    )
    assert "Boxes" in text_of(desk.get(f"{LIST}{draft.pk}/frame/?at={MASKS}&language=en"))
    whole = text_of(desk.get(f"{LIST}{draft.pk}/frame/?at=toml"))
    assert "Boxes" in whole and "Enterprise name" in whole


def test_the_preview_shows_what_is_right_and_names_the_rest(desk, draft):
    send(desk, draft, opened(desk, draft), minimum="many")
    frame = text_of(desk.get(f"{LIST}{draft.pk}/frame/?at={MASKS}"))
    assert "question “masks” can't be shown" in frame and "Days the masks last" in frame
    send(desk, draft, opened(desk, draft, "toml"), "toml", source="nothing")
    assert "until the TOML can be read" in text_of(desk.get(f"{LIST}{draft.pk}/frame/?at={MASKS}"))


@pytest.mark.parametrize("source", ["sections = 3", 'sections = ["a"]', "[[sections]]\nfields = 4", "rules = [[1]]", "title = 5", "faq = [3]", "[[faq]]\nquestion = 3", "fee = [1]",
                                    "[[sections]]\n[[sections.fields]]\nlabel = [1]\nkey = 2\nchoices = [3]\nfields = 7"])  # fmt: skip
def test_toml_that_means_nothing_breaks_no_page(desk, writer, source):
    draft = drafting.start(by=writer, source=source)
    for part in ("head", "toml", "sections.0", "sections.0.fields.0", "rules.0", "faq.0"):
        assert desk.get(address(draft, part)).status_code == 200
        assert desk.get(f"{LIST}{draft.pk}/frame/?at={part}").status_code == 200


# --- Published ----------------------------------------------------------------------------------------------------


def to_publish(client: Client, draft: EditionDraft) -> dict[str, Any]:
    page = html.document_fromstring(client.get(f"{LIST}{draft.pk}/publish/").content.decode())
    return {
        field.name: field.value
        for field in page.xpath("//form//input[@type='hidden']")
        if field.name in ("revision", "against")
    }


def publish(client: Client, draft: EditionDraft, seen: dict[str, Any], **more: Any) -> Any:
    return client.post(f"{LIST}{draft.pk}/publish/", {"when": "now", "at": "", **seen, **more})


@pytest.fixture
def renamed(desk, draft) -> EditionDraft:
    send(desk, draft, opened(desk, draft), label_zh="口罩（盒）", label_en="Boxes of masks")
    draft.refresh_from_db()
    return draft


def test_before_publishing_one_sees_what_changes_and_what_drafts_would_lose(desk, draft, cast):
    filled(cast)
    send(
        desk,
        draft,
        opened(desk, draft, "sections.4.fields.1"),
        "sections.4.fields.1",
        type="yesno",
        minimum="",
        maximum="",
    )
    page = text_of(desk.get(f"{LIST}{draft.pk}/publish/"))
    assert "~ fields.mask_days.type: integer → yesno" in page and "1 draft is open" in page
    assert "Days the masks last: in 1 draft" in page and '+ type = "yesno"' in page


def test_the_new_edition_is_in_force_and_what_was_sent_keeps_its_labels(desk, renamed, cast):
    sent = workflow.submit(filled(cast).pk, applicant=cast.owner)
    assert publish(desk, renamed, to_publish(desk, renamed)).status_code == 302
    applicant = at(cast.owner)
    page = applicant.get(sent.get_absolute_url()).content.decode()
    assert "Masks in stock" in page and "Boxes of masks" not in page
    new = filled(cast)
    assert "Boxes of masks" in applicant.get(f"/applications/{new.public_id}/fill/supplies/").content.decode()
    assert "Published as resumption v2" in text_of(desk.get(address(renamed)))
    event = Event.objects.latest("pk")
    assert (event.action, event.role, event.actor) == ("service_published", "service_owner", renamed.saved_by)


def test_a_service_owner_puts_an_earlier_edition_in_force_again(desk, renamed):
    publish(desk, renamed, to_publish(desk, renamed))
    first = ServiceVersion.objects.get(service__slug="resumption", edition=1)
    desk.post(f"/admin/permits/serviceversion/{first.pk}/roll-back/", {"reason": "口径有误"})
    assert Service.objects.get(slug="resumption").current == first
    assert Event.objects.latest("pk").role == "service_owner"


def test_with_faults_nothing_is_published(desk, draft):
    seen = to_publish(desk, draft)
    send(desk, draft, opened(desk, draft), shown_if="nobody")
    page = desk.get(f"{LIST}{draft.pk}/publish/")
    assert "names 'nobody'" in text_of(page) and "data-once" not in page.content.decode()
    draft.refresh_from_db()
    assert publish(desk, draft, {**seen, "revision": draft.revision}).status_code == 422
    assert ServiceVersion.objects.count() == 1


def test_what_changed_since_one_looked_is_shown_again_before_it_is_published(desk, renamed, writer):
    seen = to_publish(desk, renamed)
    publishing.publish(NEWER)
    again = publish(desk, renamed, seen)
    assert (
        again.status_code == 409
        and "resumption v2" in text_of(again)
        and "- fields.epidemic_lead_phone" in text_of(again)
    )
    assert ServiceVersion.objects.count() == 2
    assert publish(desk, renamed, to_publish(desk, renamed)).status_code == 302
    assert ServiceVersion.objects.count() == 3


def test_a_time_is_typed_in_beijing_time_and_stored_in_utc(desk, renamed):
    year = datetime.now(UTC).year + 1
    at_nine = f"{year}-01-05T09:00"
    answer = publish(desk, renamed, to_publish(desk, renamed), when="later", at=at_nine)
    assert answer.status_code == 302
    renamed.refresh_from_db()
    assert renamed.publish_at == datetime(year, 1, 5, 1, 0, tzinfo=UTC)
    page = text_of(desk.get(address(renamed)))
    assert f"{year}-01-05 09:00 (Beijing time)" in page and 'id="part"' not in page
    assert f"{year}-01-05 09:00" in text_of(desk.get(LIST))
    assert desk.get(f"{LIST}{renamed.pk}/delete/").status_code == 403
    assert desk.post(f"{LIST}{renamed.pk}/unschedule/").status_code == 302
    assert 'id="part"' in text_of(desk.get(address(renamed)))


def test_what_is_typed_while_a_time_is_set_is_shown_and_not_saved(desk, renamed):
    form = opened(desk, renamed)
    publish(desk, renamed, to_publish(desk, renamed), when="later", at=f"{datetime.now(UTC).year + 1}-01-05T09:00")
    refused = send(desk, renamed, form, label_zh="晚了一步")
    assert (
        refused.status_code == 409
        and "Cancel the schedule first" in text_of(refused)
        and "晚了一步" in text_of(refused)
    )
    assert "晚了一步" not in source_of(renamed)


@pytest.mark.parametrize("when", ["", "tomorrow", "2020-01-01T09:00", "2026-13-01T09:00"])
def test_a_time_that_cant_be_is_refused_and_stays_on_the_page(desk, renamed, when):
    response = publish(desk, renamed, to_publish(desk, renamed), when="later", at=when)
    assert response.status_code == 422
    assert not when or f'value="{when}"' in response.content.decode()
    renamed.refresh_from_db()
    assert renamed.publish_at is None


def test_a_refused_schedule_is_told_on_the_draft(desk, renamed, writer):
    soon = datetime(2030, 1, 1, tzinfo=UTC)
    editions.schedule(renamed.pk, by=writer, revision=renamed.revision, against=renamed.base_id, at=soon, now=soon.replace(year=2029, month=12))  # fmt: skip
    publishing.publish(NEWER)
    editions.publish_due(soon)
    page = text_of(desk.get(address(renamed)))
    assert "was not. The edition in force stayed." in page and "came into force meanwhile (resumption v2)" in page
    assert "not published as scheduled" in text_of(desk.get(LIST))


def test_a_draft_is_discarded_and_what_it_became_is_not(desk, draft, renamed):
    other = drafting.start(by=renamed.saved_by, source="x = 1")
    assert desk.post(f"{LIST}{other.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not EditionDraft.objects.filter(pk=other.pk).exists()
    publish(desk, renamed, to_publish(desk, renamed))
    assert desk.post(f"{LIST}{renamed.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_draft_comes_out_as_toml(desk, renamed):
    response = desk.get(f"{LIST}{renamed.pk}/export/")
    assert response.content.decode() == renamed.source and "resumption-draft" in response["Content-Disposition"]


def test_the_list_asks_as_many_queries_for_many_drafts_as_for_one(desk, draft, writer, django_assert_num_queries):
    desk.get(LIST)
    with CaptureQueriesContext(connection) as one:
        desk.get(LIST)
    for _n in range(5):
        drafting.start(by=writer, base=draft.base)
    with django_assert_num_queries(len(one)):
        desk.get(LIST)
