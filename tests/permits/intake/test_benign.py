"""Files as people really hand them in: every one is taken, and what is made of it is what it should be."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageStat

from permits.intake.derive import Derived, derive
from permits.intake.inspect import Refused, inspect
from tests.data.benign import make, pdfs, photos
from tests.data.benign.make import GOOD, SETS
from tests.data.hostile.base import docx
from tests.permits.intake import limited
from tests.permits.intake.test_inspect import ANYTHING

pytestmark = pytest.mark.once
BY_NAME = {good.file: good for good in GOOD}


@pytest.fixture(autouse=True)
def storage_folder():
    """Nothing here is stored."""


@pytest.mark.parametrize("kind", SETS)
def test_all_of_them_come_in_and_warn_only_where_there_is_reason(kind, tmp_path: Path):
    files = SETS[kind]
    make.write(tmp_path, files)
    found = limited.look_at([(tmp_path / good.file, good.file) for good in files])
    for path in tmp_path.iterdir():  # pytest would keep them for three runs
        path.unlink()
    wrong = [fault for good, result in zip(files, found, strict=True) for fault in _faults(good, result)]
    assert not wrong, "\n".join(wrong)


def _faults(good: make.Good, result: dict[str, Any]) -> list[str]:
    if "code" in result:
        return [f"{good.file} ({good.what}) was refused: {result['code']}, {result['words']['en']}"]
    got = {**result, **result["facts"]}
    faults = [f"{key} is {got.get(key)}, not {value}" for key, value in good.found.items() if got.get(key) != value]
    if tuple(result["warnings"]) != good.warned:
        faults.append(f"warned of {result['warnings']}")
    if good.words not in "\n".join(result["texts"]):
        faults.append(f"{good.words!r} is not in its text")
    if result["cpu"] > 15 or result["mb"] > 480:
        faults.append(f"{result['cpu']:.1f} s, {result['mb']} MB")
    return [f"{good.file} ({good.what}): {fault}" for fault in faults]


def test_there_are_enough_of_them():
    assert len(GOOD) >= 60
    assert len(BY_NAME) == len(GOOD)


# --- What is made of them --------------------------------------------------------------------------------------


def derived(name: str, folder: Path) -> Derived:
    stream = BytesIO(BY_NAME[name].make())
    found = inspect(stream, name=name, requirement=ANYTHING)
    return derive(stream, found.extension[1:], folder=folder, facts=found.facts)


def content(made: Derived) -> Image.Image:
    assert made.content
    image = Image.open(made.content)
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """How far the pixels are apart in the mean, of 255."""
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB").resize(one.size))
    return sum(ImageStat.Stat(apart).mean) / 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_becomes_upright_and_says_no_more_where_it_was_taken(orientation, tmp_path):
    made = derived(f"phone-{orientation}.jpg", tmp_path)
    image = content(made)
    assert image.size == (900, 1200)
    assert difference(image, photos.document()) < 6
    assert not image.getexif() and "exif" not in image.info and b"HUAWEI" not in made.content.read_bytes()
    with Image.open(made.thumbs[0]) as thumb:
        assert thumb.size == (240, 320) and thumb.format == "JPEG" and difference(thumb, photos.document()) < 12


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "turned.heic"])
def test_an_iphone_s_photo_becomes_a_jpeg_that_is_upright(name, tmp_path):
    made = derived(name, tmp_path)
    image = content(made)
    assert (made.media_type, made.extension, image.format) == ("image/jpeg", ".jpg", "JPEG")
    assert image.size == (900, 1200) and not image.getexif()
    assert difference(image, photos.document()) < 8


def test_nothing_that_was_attached_to_an_image_is_kept(tmp_path):
    for name in (
        "comment.jpg",
        "xmp.jpg",
        "p3.jpg",
        "moving.jpg",
        "samsung.jpg",
        "texts.png",
        "turned.png",
        "profile.png",
    ):
        made = derived(name, tmp_path)
        kept = made.content.read_bytes()
        for attached in (
            b"Exif",
            b"http:",
            b"ICC",
            b"iCCP",
            b"adobe",
            b"ftyp",
            b"SEFT",
            b"tEXt",
            b"iTXt",
            b"zTXt",
            b"eXIf",
            "演示".encode(),
        ):
            assert attached not in kept, (name, attached)


def test_colours_of_another_profile_are_turned_into_those_of_the_web(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    wide, plain = content(derived("p3.jpg", tmp_path / "a")), content(derived("photo.JPEG", tmp_path / "b"))
    assert difference(wide, plain) > 3
    assert content(derived("cmyk.jpg", tmp_path)).mode == "RGB"


@pytest.mark.parametrize(
    "name",
    [
        "alpha.png",
        "palette-alpha.png",
        "grey16.png",
        "rgb16.png",
        "interlaced.png",
        "black-white.png",
        "grey-alpha.png",
    ],
)
def test_a_png_stays_one_and_looks_the_same(name, tmp_path):
    before = Image.open(BytesIO(BY_NAME[name].make()))
    made = derived(name, tmp_path)
    after = content(made)
    assert (made.media_type, after.format, after.size) == ("image/png", "PNG", before.size)
    if name == "grey16.png":
        before = before.point(lambda value: value / 256).convert("L")
    assert difference(after.convert("RGBA").convert("RGB"), before.convert("RGBA").convert("RGB")) < 1
    assert ("A" in after.getbands() or "transparency" in after.info) == ("alpha" in name)


def test_a_pdf_is_kept_as_it_is_with_small_pictures_of_its_first_pages_and_the_text_of_all(tmp_path):
    made = derived("200.pdf", tmp_path)
    assert made.content is None and len(made.thumbs) == 20 and len(made.texts) == 200
    assert made.texts[149] == "Epidemic emergency plan, page 150"
    with Image.open(made.thumbs[0]) as thumb:
        assert max(thumb.size) == 320
        assert ImageStat.Stat(thumb.convert("L")).stddev[0] > 30


def test_a_pdf_whose_table_was_mended_is_kept_as_it_was_read(tmp_path):
    made = derived("scan-mended.pdf", tmp_path)
    with made.content.open("rb") as stream:
        assert inspect(stream, name="a.pdf", requirement=ANYTHING).facts == {"pages": 2}


def test_the_applicant_is_told_which_pages_are_blank(tmp_path):
    (warning,) = derived("scan-blank.pdf", tmp_path).warnings
    assert str(warning.message) == "Pages 2, 4 are blank. Check that nothing is missing."


def test_the_text_of_a_document_is_by_page_and_of_a_sheet_file_by_sheet(tmp_path):
    assert [text.splitlines()[-1] for text in derived("pages.docx", tmp_path).texts] == [
        "演示数据：每日测温两次。",
        "第二页",
    ]
    first, second = derived("formulas.xlsx", tmp_path).texts  # the hidden one is left out
    assert first.splitlines()[1] == "张三\t12\t2020-02-20" and second == "第二页的文字"


def test_a_page_that_is_too_heavy_to_be_drawn_is_taken_and_shown_grey(tmp_path):
    """A building plan of 300,000 rectangles; the page after it is drawn."""

    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Contents = pdf.make_stream(b"0 0 9 9 re f\n" * 300_000)

    stream = BytesIO(pdfs.changed(change))
    found = inspect(stream, name="plan.pdf", requirement=ANYTHING)
    assert found.facts == {"pages": 4, "heavy": [1]}
    made = derive(stream, "pdf", folder=tmp_path, facts=found.facts)
    assert len(made.thumbs) == 4 and made.texts[0] == "" and "演示数据" in made.texts[1]
    grey, drawn = (ImageStat.Stat(Image.open(thumb).convert("L")).stddev[0] for thumb in made.thumbs[:2])
    assert grey < 1 < 20 < drawn


def test_a_document_whose_text_is_no_xml_is_refused_when_it_is_read(tmp_path):
    stream = BytesIO(docx({"word/document.xml": b"<w:document>"}))
    inspect(stream, name="a.docx", requirement=ANYTHING)
    with pytest.raises(Refused) as caught:
        derive(stream, "docx", folder=tmp_path, facts={})
    assert caught.value.code == "damaged"
