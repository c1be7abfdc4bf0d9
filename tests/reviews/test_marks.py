"""A place marked on a page: what is taken, what is kept of it, and the picture that it is shown on."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from permits.intake import page_pictures, sandbox, storage
from permits.models import Application, Material, MaterialPart
from reviews import marks, workflow
from reviews.audit import log, sealing
from reviews.audit.verify import verify
from reviews.models import CorrectionItem, Mark, Notice, Place
from tests.cast import Cast, filled, task_of
from tests.parts import give_file
from tests.reviews.steps import TUESDAY, say

FILE = UUID("0b5c1c39-5c2c-4f6e-9a53-111111111111")


def place(file: UUID = FILE, page: int = 1, at: tuple[int, int, int, int] = (1000, 2000, 3000, 500)) -> Place:
    return Place(file, page, *at)


def test_a_place_is_read_as_it_is_written():
    written = place().as_text
    assert written == f"{FILE},1,0.1000,0.2000,0.3000,0.0500"
    assert Place.read(written) == place()
    assert Place.read(f"{FILE},2,0,0,1,1").sides == (0, 0, 10_000, 10_000)
    assert Place.read(f"{FILE},2,0.7,0.7,0.30004,0.3").sides == (7000, 7000, 3000, 3000)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", f"{FILE},1,0.1,0.1,0.1", f"{FILE},1,0.1,0.1,0.1,0.1,0.1", "nobody,1,0.1,0.1,0.1,0.1", f"{FILE},0,0,0,1,1",
        f"{FILE},-1,0,0,1,1", f"{FILE},x,0,0,1,1", f"{FILE},1,nan,0,1,1", f"{FILE},1,0,inf,1,1", f"{FILE},1,-0.1,0,1,1",
        f"{FILE},1,0,0,1.1,1", f"{FILE},1,0.5,0.5,0,0.1", f"{FILE},1,1,0,0.5,0.5", f"{FILE},99999999,0,0,1,1",
        f"{FILE},1,1e400,0,1,1", "a," * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_place_on_a_page_is_refused(text):
    with pytest.raises(ValueError):
        Place.read(text)


@pytest.mark.parametrize(
    ("at", "zh", "en"),
    [
        ((0, 0, 1000, 1000), "第2页左上部", "page 2, upper left"), ((4500, 100, 900, 900), "第2页上部", "page 2, upper middle"),
        ((8000, 0, 1000, 1000), "第2页右上部", "page 2, upper right"), ((0, 0, 10_000, 10_000), "第2页中部", "page 2, middle"),
        ((9000, 4900, 1000, 100), "第2页右侧中部", "page 2, middle right"), ((9990, 9990, 10, 10), "第2页右下部", "page 2, lower right"),
    ],
)  # fmt: skip
def test_a_place_in_words(at, zh, en):
    assert place(page=2, at=at).words == {"zh": zh, "en": en}


@pytest.fixture
def sent(cast: Cast) -> Application:
    """Submitted, its plan a real PDF of four pages."""
    draft = filled(cast)
    give_file(draft.materials.get(requirement="epidemic_plan"), "epidemic_plan.pdf", pages=4)
    return workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)


def plan_of(application: Application) -> Material:
    return application.materials.get(requirement="epidemic_plan")


def ask(cast: Cast, application: Application, *items: workflow.Correction) -> None:
    say(application, "street", cast.street, "correct", corrections=list(items))


def marked(application: Application, **where) -> workflow.Correction:
    on = place(plan_of(application).public_id, **where)
    return workflow.Correction("material", "epidemic_plan", "写明隔离场所地址", place=on)


def test_a_mark_goes_with_its_item_into_notice_and_log_and_the_log_holds_no_words(cast, sent):
    other = workflow.Correction("field", "masks", "数量不符")
    ask(cast, sent, other, marked(sent, page=2), marked(sent, page=3, at=(0, 0, 10, 10)))
    items = list(CorrectionItem.objects.select_related("mark"))
    assert [getattr(item, "mark", None) and item.mark.page for item in items] == [None, 2, 3]
    assert items[1].mark.place == place(plan_of(sent).public_id, page=2)
    event = sent.events.get(action="corrections_requested")
    assert log.data_of(event)["marks"] == [
        {"file": str(plan_of(sent).public_id), "page": 2, "at": [1000, 2000, 3000, 500]},
        {"file": str(plan_of(sent).public_id), "page": 3, "at": [0, 0, 10, 10]},
    ]
    assert "隔离" not in event.payload
    told = Notice.objects.filter(kind="corrections_requested", recipient=cast.owner, channel="inbox").get()
    assert [item["title"]["en"] for item in told.params["items"]] == [
        "Masks in stock", "Epidemic emergency plan, page 2, upper left", "Epidemic emergency plan, page 3, upper left",
    ]  # fmt: skip
    sealing.seal()
    assert verify().faults == []


def test_a_notice_without_marks_is_on_record_as_ever(cast, sent):
    ask(cast, sent, workflow.Correction("material", "epidemic_plan", "重做"))
    assert "marks" not in log.data_of(sent.events.get(action="corrections_requested"))
    assert not Mark.objects.exists()


def test_a_mark_lies_on_a_page_of_a_file_that_is_there_for_this_material(cast, sent):
    plan = plan_of(sent)
    wrong = [
        workflow.Correction("material", "epidemic_plan", "x", place=place(uuid4())),
        workflow.Correction("material", "roster", "x", place=place(plan.public_id)),
        workflow.Correction("field", "masks", "x", place=place(plan.public_id)),
        workflow.Correction("material", "epidemic_plan", "x", place=place(plan.public_id, page=5)),
        workflow.Correction("material", "epidemic_plan", "x", place=place(plan.public_id, at=(9000, 0, 2000, 10))),
    ]
    for item in wrong:
        with pytest.raises(workflow.NotSensible):
            ask(cast, sent, item)
    for state in ("checking", "held", "refused"):
        Material.objects.filter(pk=plan.pk).update(check_state=state)
        with pytest.raises(workflow.NotSensible):
            ask(cast, sent, marked(sent))
    assert not CorrectionItem.objects.exists() and task_of(sent, "street").state == "open"


@pytest.mark.parametrize("change", [{"page": 0}, {"width": 0}, {"left": 9_500}, {"top": 9_900, "height": 200}])
def test_the_database_takes_no_mark_beside_its_page(cast, sent, change):
    ask(cast, sent, workflow.Correction("material", "epidemic_plan", "重做"))
    fields = {"file": FILE, "page": 1, "left": 0, "top": 0, "width": 1000, "height": 100} | change
    with pytest.raises(IntegrityError), transaction.atomic():
        Mark.objects.create(item=CorrectionItem.objects.get(), **fields)


def test_the_page_is_drawn_once_in_a_process_of_its_own(cast, sent, monkeypatch, settings):
    settings.INSPECTION_SANDBOX = True
    ask(cast, sent, marked(sent, page=2), marked(sent, page=2, at=(0, 0, 10, 10)))
    assert marks.draw_waiting() == 2 and marks.draw_waiting() == 0
    part = MaterialPart.objects.get(kind="page")
    assert (part.material, part.page) == (plan_of(sent), 2)
    with storage.open_blob(part.sha256) as blob:
        picture = Image.open(io.BytesIO(blob.read()))
    assert picture.format == "JPEG" and picture.width == 1000 and 1400 < picture.height < 1430  # A4
    monkeypatch.setattr(sandbox, "drawn", lambda *_args: pytest.fail("it is drawn"))
    assert page_pictures.make(plan_of(sent), 2)


def test_a_picture_needs_no_drawing(cast, sent):
    give_file(plan_of(sent), "stock_1.jpg")
    ask(cast, sent, marked(sent))
    assert marks.draw_waiting() == 1 and not MaterialPart.objects.exists()


def test_what_can_not_be_drawn_is_given_up_and_a_storage_that_is_away_is_waited_for(cast, sent, monkeypatch):
    ask(cast, sent, marked(sent))

    def away(_sha256: str) -> None:
        raise storage.StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "open_blob", away)
        for _n in range(marks.TRIES + 1):
            assert marks.draw_waiting() == 0
    assert Mark.objects.get().tries == 0
    plan = plan_of(sent)
    plan.sha256 = storage.put([b"%PDF-1.7 and nothing else"]).sha256
    plan.save()
    for _n in range(marks.TRIES + 1):
        assert marks.draw_waiting() == 0
    assert Mark.objects.get().tries == marks.TRIES and not MaterialPart.objects.exists()
