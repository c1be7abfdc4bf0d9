"""A personal pass: issued by the same steps, held by a person with a photo, and nothing of them in clear but a masked name."""

from __future__ import annotations

import re
import subprocess
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.serializers import serialize
from django.db import connection
from django.utils import timezone
from PIL import Image

from permits import credentials
from permits.credentials import code, passes, register
from permits.definition_file import DefinitionError
from permits.intake import storage
from permits.intake.materials import add_material
from permits.models import Application, Permit, Service
from reviews import gates, workflow
from reviews.models import Event, Gate, GateScan, Verdict
from reviews.notices import delivery
from reviews.publishing import publish
from tests.cast import Cast, person, post, task_of
from tests.portal.browser import at, words

pytestmark = pytest.mark.django_db
SOURCE = Path("permits/services/entry_pass.toml").read_text(encoding="utf-8")
NAME, ID, MOBILE = "欧阳春晓", "360924198001010015", "13800000618"


@pytest.fixture(autouse=True)
def keys_and_files(settings, tmp_path: Path) -> None:
    settings.PERMIT_KEY_FILE = tmp_path / "keys" / "permit.pem"
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    settings.EMBEDDED = True


def portrait() -> SimpleUploadedFile:
    out = BytesIO()
    picture = Image.effect_noise((420, 540), 60).convert("RGB")
    picture.paste((200, 30, 30), (0, 0, 420, 200))
    picture.save(out, "JPEG", quality=90)
    return SimpleUploadedFile("me.jpg", out.getvalue(), "image/jpeg")


def issued(cast: Cast, *, consent: bool = True) -> Permit:
    publish(SOURCE)
    draft = Application.objects.create(
        version=Service.objects.get(slug="entry-pass").current, applicant=cast.owner,
        answers={"name": NAME, "id_number": ID, "mobile": MOBILE, "region": "360924", "place": "工业园", "log_consent": consent},
    )  # fmt: skip
    add_material(application=draft, requirement_key="photo", upload=portrait(), user=cast.owner)
    workflow.submit(draft.pk, applicant=cast.owner)
    task = workflow.claim(task_of(draft, "street").pk, official=cast.street)
    workflow.decide(task.pk, official=cast.street, outcome="approve")
    return Permit.objects.get(application=draft)


def test_it_is_issued_by_the_same_steps_and_says_in_clear_a_masked_name_only(cast: Cast) -> None:
    permit = issued(cast)
    assert permit.number.startswith("360924-RY-") and register.check(permit.number).valid
    said = code.read(permit.code)
    assert said.number == permit.number and said.holder == "欧***" and not said.uscc
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM permits_permit WHERE id = %s", [permit.pk])
        row = repr(cursor.fetchone())
    log = serialize("json", Event.objects.all(), ensure_ascii=False)
    for secret in (NAME, ID, ID[-4:] + '"', MOBILE, "春晓"):
        assert secret not in row and secret not in log and secret not in permit.code
    assert permit.person["name"] == NAME


def test_the_public_page_and_the_register_tell_nothing_of_the_person(cast: Cast, client) -> None:
    permit = issued(cast)
    page = words(client.get(f"/verify/{permit.number}/"))
    assert "欧***" in page and NAME not in page and ID not in page
    assert permit.number not in client.get("/register/").content.decode()
    assert client.get(f"/api/v1/permits/{permit.number}").status_code == 404


def test_its_print_has_the_photo_the_full_name_and_the_id_number_masked(cast: Cast, tmp_path: Path) -> None:
    permit = issued(cast)
    credentials.store_pdf(permit)
    permit.refresh_from_db()
    file = tmp_path / "pass.pdf"
    with storage.open_blob(permit.pdf_sha256) as blob:
        file.write_bytes(blob.read())
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout
    assert NAME in text and "**************0015" in text and ID not in text and permit.number in text
    images = subprocess.run(["pdfimages", "-list", file], capture_output=True, text=True, check=True).stdout
    assert "413   531" in images, images


def test_who_checks_at_a_gate_sees_whose_it_is_and_only_there(cast: Cast) -> None:
    permit = issued(cast)
    here = Gate.objects.create(name_zh="东门", name_en="East gate", region="360924", services=["entry-pass"])
    other = Gate.objects.create(name_zh="西门", name_en="West gate", region="360924", services=["resumption"])
    checker = person("checker")
    for gate in (here, other):
        gates.appoint(checker, gate, by=None)
    client = at(checker)
    page = client.post(f"/gate/{here.public_id}/", {"text": permit.code, "key": str(uuid.uuid4())})
    [photo] = re.findall(r'class="gate-photo" src="([^"]+)"', page.content.decode())
    assert NAME in words(page)
    answer = client.get(photo)
    assert answer["Content-Type"] == "image/jpeg" and b"".join(answer.streaming_content)[:2] == b"\xff\xd8"
    assert at(cast.street).get(photo).status_code == 404
    scans = GateScan.objects.count()
    assert client.get(f"/gate/{here.public_id}/photo/{permit.number}/").status_code == 404, "of a scan that was not made"
    elsewhere = client.post(f"/gate/{other.public_id}/", {"text": permit.number, "key": str(uuid.uuid4())})
    assert NAME not in words(elsewhere) and "gate-photo" not in elsewhere.content.decode(), "it doesn't open that gate"
    assert client.get(photo.replace(str(here.public_id), str(other.public_id))).status_code == 404
    assert GateScan.objects.count() == scans + 1
    permit.state, permit.revoked_at = Permit.State.REVOKED, timezone.now()
    permit.save()
    assert client.get(photo).status_code == 404
    revoked = client.post(f"/gate/{here.public_id}/", {"text": permit.number, "key": str(uuid.uuid4())})
    assert NAME not in words(revoked) and NAME[0] in words(revoked)


@pytest.mark.parametrize("consent", [True, False])
def test_a_passage_names_the_pass_only_where_its_holder_agreed(cast: Cast, consent: bool) -> None:
    permit = issued(cast, consent=consent)
    gate = Gate.objects.create(name_zh="东门", name_en="East gate", region="360924")
    checker = person("checker")
    gates.appoint(checker, gate, by=None)
    assert gates.scan(gate, permit.code, by=checker, key=uuid.uuid4()).verdict == Verdict.GOOD
    assert GateScan.objects.get().permit == (permit if consent else None)
    assert len(gates.passages(permit)) == consent


def test_another_person_beside_the_signed_content_is_found_out(cast: Cast) -> None:
    permit = issued(cast)
    permit.person = permit.person | {"name": "李四"}
    permit.save()
    with pytest.raises(ValueError, match="not the one it was signed for"):
        passes.person_of(permit)


def test_every_changed_bit_of_its_code_is_refused(cast: Cast) -> None:
    permit = issued(cast)
    for place in range(len(permit.code) * 7):
        at_, bit = divmod(place, 7)
        changed = permit.code[:at_] + chr(ord(permit.code[at_]) ^ 1 << bit) + permit.code[at_ + 1 :]
        with pytest.raises(credentials.Refused):
            credentials.read(changed)


def test_no_mail_brings_it(cast: Cast) -> None:
    permit = issued(cast)
    delivery.deliver(list(permit.application.notices.filter(kind="approved").values_list("pk", flat=True)))
    assert mail.outbox and not any(sent.attachments for sent in mail.outbox)


def test_a_revoked_one_is_printed_with_that_across_it_and_without_its_photo_once_that_is_erased(cast: Cast, tmp_path: Path) -> None:
    permit = issued(cast)
    permit.application.materials.update(erased_at=timezone.now())
    file = tmp_path / "pass.pdf"
    person_ = passes.on_paper(permit)
    file.write_bytes(credentials.render_pdf(permit.content, code=permit.code, state="revoked", person=person_))
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout
    assert "照片已删除" in text and NAME in text
    images = subprocess.run(["pdfimages", "-list", file], capture_output=True, text=True, check=True).stdout
    assert "413" not in images


def test_a_slip_in_the_name_is_put_right_and_earlier_prints_are_void(cast: Cast) -> None:
    permit = issued(cast)
    earlier = permit.code
    head = post("head", "street", supervisor=True)
    workflow.correct_permit(permit.pk, official=head, changes={"name": "欧阳春小"}, reason="笔误", now=timezone.now() + timedelta(seconds=2))
    permit.refresh_from_db()
    assert passes.person_of(permit).name == "欧阳春小" and permit.content["holder"]["name"] == "欧***"
    assert passes.person_of(permit.corrections.get()).name == NAME
    gate = Gate.objects.create(name_zh="东门", name_en="East gate", region="360924")
    assert gates.look(gate, earlier, now=timezone.now() + timedelta(seconds=4)).verdict == Verdict.CORRECTED


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "name"', 'name = "nobody"', "not a field"),
        ('id_number = "id_number"', 'id_number = "place"', "type 'resident_id'"),
        ('name = "name"', 'name = "mobile"', "type 'text'"),
        ('consent = "log_consent"', 'consent = "name"', "type 'yesno'"),
        ('kind = "pass"', 'kind = "permit"', "'holder' belongs to"),
        ("valid_days = 90", 'valid_days = 90\nin_register = ["number", "issued"]', "belongs to an outcome of kind"),
        ('photo = "photo"', 'photo = "picture"', "not a material"),
        ("valid_days = 90\n", "", "for ever"),
        ('shown_fields = ["place"]', 'shown_fields = ["place", "name"]', "personal"),
        ('formats = ["jpg", "png"]', 'formats = ["pdf"]', "one .jpg or .png"),
    ],
)
def test_a_definition_that_leaves_open_who_holds_it_is_refused(cast: Cast, old: str, new: str, words: str) -> None:
    assert old in SOURCE
    with pytest.raises(DefinitionError, match=words):
        publish(SOURCE.replace(old, new))
