"""The tus protocol, header by header: https://tus.io/protocols/resumable-upload (1.0.0)."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django.utils.http import parse_http_date

from permits.intake import arriving, storage
from permits.intake.arriving import Busy
from permits.models import Application, Material, Status, Upload
from reviews import workflow
from tests.cast import Cast, filled
from tests.data import bad
from tests.portal import steps
from tests.portal.browser import at
from tests.portal.test_access import owing
from tests.portal.tus_client import TUS, TYPE, begun, checksum, head, in64, result, row, sent, source, where

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parents[1] / "data"
PLAN = (DATA / "canteen_plan.pdf").read_bytes()


@pytest.fixture
def empty(cast: Cast) -> Application:
    draft = filled(cast)
    draft.materials.all().delete()
    return draft


@pytest.fixture
def incoming(settings, tmp_path: Path) -> Path:
    return tmp_path / "materials" / "incoming"


# --- beginning -----------------------------------------------------------------------------------------------------


def test_options_says_what_the_server_can_do(cast: Cast, empty: Application) -> None:
    response = at(cast.owner).options(where(empty))
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Extension"] == "creation,creation-with-upload,expiration,termination,checksum"
    assert response["Tus-Checksum-Algorithm"] == "sha1,sha256,md5"
    assert response["Tus-Max-Size"] == str(20 * 1024 * 1024)


def test_a_file_comes_in_pieces_and_becomes_a_material(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    response = begun(client, empty, len(PLAN))
    assert response.status_code == 201 and not response.content
    address = response["Location"]
    assert parse_http_date(response["Upload-Expires"]) > timezone.now().timestamp()
    assert head(client, address)["Upload-Offset"] == "0"
    response = sent(client, address, 0, PLAN[:1000])
    assert (response.status_code, response["Upload-Offset"]) == (204, "1000")
    response = head(client, address)
    assert (response.status_code, response["Upload-Offset"], response["Upload-Length"]) == (200, "1000", str(len(PLAN)))
    assert response["Cache-Control"] == "no-store" and response["Tus-Resumable"] == "1.0.0"
    assert not empty.materials.exists()
    response = sent(client, address, 1000, PLAN[1000:])
    assert (response.status_code, response["Upload-Offset"]) == (204, str(len(PLAN)))
    material = empty.materials.get()
    assert (material.original_name, material.requirement, material.size) == ("食堂方案.pdf", "canteen_plan", len(PLAN))
    with storage.open_blob(material.sha256) as blob:
        assert blob.read() == PLAN
    assert not list(incoming.iterdir()), "moved, not copied"
    answer = result(client, address)
    said = json.loads(answer.content)
    assert answer.status_code == 200 and said["ok"] and said["replace"] and "食堂方案.pdf" in said["html"]
    assert f"/files/{material.public_id}/remove/" in said["html"]


def test_the_first_piece_may_come_with_the_beginning(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    response = begun(client, empty, len(PLAN), body=PLAN[:500])
    assert (response.status_code, response["Upload-Offset"]) == (201, "500")
    assert sent(client, response["Location"], 500, PLAN[500:]).status_code == 204
    assert empty.materials.count() == 1


def test_a_whole_small_file_may_come_with_the_beginning(cast: Cast, empty: Application) -> None:
    response = begun(at(cast.owner), empty, len(PLAN), body=PLAN)
    assert (response.status_code, response["Upload-Offset"]) == (201, str(len(PLAN)))
    assert empty.materials.count() == 1


@pytest.mark.parametrize(
    ("length", "status", "words"),
    [
        ("0", 422, "The file is empty"),
        (str(21 * 1024 * 1024), 413, "21 MB, at most 20 MB"),
        ("-1", 400, ""),
        ("many", 400, ""),
        ("9" * 30, 400, ""),
    ],
)
def test_a_length_that_cannot_be_is_refused_before_a_byte_is_sent(cast: Cast, empty: Application, length, status, words) -> None:
    response = begun(at(cast.owner), empty, 1, **{"Upload-Length": length})
    assert response.status_code == status and words in json.loads(response.content)["message"]
    assert not Upload.objects.exists()


@pytest.mark.parametrize("said", ["filename ä", "filename QQ==,filename QQ==", ",", "filename !!!"])
def test_metadata_that_says_nothing_is_refused(cast: Cast, empty: Application, said: str) -> None:
    assert begun(at(cast.owner), empty, 5, **{"Upload-Metadata": said}).status_code == 400


def test_a_name_is_made_harmless(cast: Cast, empty: Application) -> None:
    begun(at(cast.owner), empty, len(PLAN), body=PLAN, name="../../etc/pass\u202ewd.pdf")
    assert empty.materials.get().original_name == "passwd.pdf"


def test_another_version_of_the_protocol_is_told_ours(cast: Cast, empty: Application) -> None:
    response = begun(at(cast.owner), empty, 5, **{"Tus-Resumable": "0.2.2"})
    assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0") and not Upload.objects.exists()
    address = begun(at(cast.owner), empty, 5)["Location"]
    assert at(cast.owner).head(address).status_code == 412


def test_a_method_may_stand_in_a_header(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN))["Location"]
    said = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.generic("POST", address, PLAN[:9], TYPE, headers=said).status_code == 204
    assert row(address).offset == 9
    assert client.put(address, headers=TUS).status_code == 405


# --- going on ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 9, 11, 1000])
def test_a_wrong_offset_adds_nothing(cast: Cast, empty: Application, offset: int) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:10])["Location"]
    response = sent(client, address, offset, PLAN[10:20])
    assert (response.status_code, response["Upload-Offset"]) == (409, "10")
    assert head(client, address)["Upload-Offset"] == "10"


@pytest.mark.parametrize("headers", [{"Upload-Offset": "x"}, {"Upload-Offset": ""}, {"Upload-Checksum": "sha1"},
                                     {"Upload-Checksum": "crc32 AAAA"}, {"Upload-Checksum": "sha256 AAAA"}])  # fmt: skip
def test_headers_that_say_nothing_are_refused(cast: Cast, empty: Application, headers) -> None:
    client = at(cast.owner)
    address = begun(client, empty, 20)["Location"]
    assert sent(client, address, 0, b"x" * 10, **headers).status_code == 400
    assert row(address).offset == 0


def test_another_content_type_is_refused(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, 20)["Location"]
    said = TUS | {"Upload-Offset": "0"}
    assert client.generic("PATCH", address, b"x", "application/octet-stream", headers=said).status_code == 415


def test_more_than_was_said_is_refused(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, 20)["Location"]
    assert sent(client, address, 0, b"x" * 21).status_code == 413
    assert row(address).offset == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_piece_that_is_not_what_was_sent_counts_for_nothing(cast: Cast, empty: Application, algorithm: str) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    response = sent(client, address, 100, PLAN[101:201], **checksum(algorithm, PLAN[100:200]))
    assert (response.status_code, response.reason_phrase) == (460, "Checksum Mismatch")
    assert head(client, address)["Upload-Offset"] == "100"
    assert sent(client, address, 100, PLAN[100:200], **checksum(algorithm, PLAN[100:200])).status_code == 204
    assert sent(client, address, 200, PLAN[200:], **checksum(algorithm, PLAN[200:])).status_code == 204
    with storage.open_blob(empty.materials.get().sha256) as blob:
        assert blob.read() == PLAN


def test_only_one_writes_at_a_time(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN))["Location"]
    with arriving.turn_of(row(address)):
        assert sent(client, address, 0, PLAN).status_code == 423
    assert sent(client, address, 0, PLAN).status_code == 204


def test_who_is_silent_for_long_loses_the_turn_and_writes_in_vain(cast: Cast, empty: Application, settings) -> None:
    """A phone that went from one network to another: its old connection hangs, and wakes up late."""
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    stale = [PLAN[100:200], b"late" * 50]

    def read(_size: int) -> bytes:
        if len(stale) == 1:
            settings.UPLOAD_STALE_SECONDS = 0
            assert sent(client, address, 100, PLAN[100:300]).status_code == 204
        return stale.pop(0) if stale else b""

    with pytest.raises(Busy), arriving.turn_of(row(address)) as turn:
        arriving.receive(turn, read, 300)
    assert head(client, address)["Upload-Offset"] == "300"
    assert sent(client, address, 300, PLAN[300:]).status_code == 204
    with storage.open_blob(empty.materials.get().sha256) as blob:
        assert blob.read() == PLAN


def test_what_came_before_the_connection_broke_counts(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN))["Location"]
    with arriving.turn_of(row(address)) as turn:
        arriving.receive(turn, source(PLAN[:150]), 1000)
    assert head(client, address)["Upload-Offset"] == "150"


def test_what_somebody_tidied_away_is_sent_again(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    next(incoming.glob("*.upload")).unlink()
    assert sent(client, address, 100, PLAN[100:]).status_code == 409
    assert head(client, address)["Upload-Offset"] == "0"
    assert sent(client, address, 0, PLAN).status_code == 204
    assert empty.materials.count() == 1


# --- the end -------------------------------------------------------------------------------------------------------


def test_a_last_request_that_comes_again_gives_the_same_material(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN)["Location"]
    assert head(client, address)["Upload-Offset"] == str(len(PLAN))
    assert sent(client, address, len(PLAN), b"").status_code == 204
    assert sent(client, address, 0, PLAN).status_code == 409
    assert empty.materials.count() == 1
    assert str(empty.materials.get().public_id) in json.loads(result(client, address).content)["html"]


@pytest.mark.parametrize("ask", [head, result])
def test_who_asks_after_the_last_byte_finishes_what_a_killed_process_left(cast: Cast, empty: Application, ask) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN))["Location"]
    with arriving.turn_of(row(address)) as turn:
        arriving.receive(turn, source(PLAN), len(PLAN))
    assert row(address).is_whole and not empty.materials.exists()
    ask(client, address)
    assert empty.materials.count() == 1 and row(address).finished_at


def test_killed_between_the_blob_and_its_row_nothing_is_lost(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN))["Location"]
    with arriving.turn_of(row(address)) as turn:
        arriving.receive(turn, source(PLAN), len(PLAN))
        with arriving.whole_file(turn) as file:
            storage.put(file)
    assert not list(incoming.iterdir())
    assert head(client, address)["Upload-Offset"] == str(len(PLAN))
    assert empty.materials.get().size == len(PLAN)


def test_a_bad_file_is_refused_in_the_words_of_the_form(cast: Cast, empty: Application, incoming: Path) -> None:
    content, client = bad.exe_named_pdf(), at(cast.owner)
    address = begun(client, empty, len(content))["Location"]
    response = sent(client, address, 0, content)
    assert response.status_code == 422
    message = json.loads(response.content)["message"]
    assert "content is not a PDF, whatever its name says" in message
    assert head(client, address)["Upload-Offset"] == str(len(content))
    again, asked = sent(client, address, len(content), b""), result(client, address)
    assert again.status_code == asked.status_code == 422
    assert json.loads(again.content)["message"] == json.loads(asked.content)["message"] == message
    assert not empty.materials.exists() and not list(incoming.iterdir())


def test_a_storage_that_is_down_costs_nothing_that_came(cast: Cast, empty: Application, settings, tmp_path: Path) -> None:
    client, whole = at(cast.owner), settings.STORAGE_URL
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    (tmp_path / "file").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/file/materials"
    assert sent(client, address, 100, PLAN[100:]).status_code == 503
    settings.STORAGE_URL = whole
    assert head(client, address)["Upload-Offset"] == "100"
    assert sent(client, address, 100, PLAN[100:]).status_code == 204


def test_a_cancelled_upload_is_gone(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    assert client.delete(address, headers=TUS).status_code == 204
    assert head(client, address).status_code == 404 and not list(incoming.iterdir())


def test_an_upload_ends_when_nobody_goes_on_with_it(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    address = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert head(client, address).status_code == 410
    assert sent(client, address, 100, PLAN[100:]).status_code == 410
    call_command("clear_uploads", verbosity=0)
    assert head(client, address).status_code == 404 and not list(incoming.iterdir())


def test_clearing_leaves_alone_what_is_under_way_and_what_was_taken_in(cast: Cast, empty: Application, incoming: Path) -> None:
    client = at(cast.owner)
    going = begun(client, empty, len(PLAN), body=PLAN[:100])["Location"]
    begun(client, empty, len(PLAN), body=PLAN)
    Upload.objects.exclude(finished_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert arriving.clear() == 1
    assert head(client, going)["Upload-Offset"] == "100" and storage.exists(empty.materials.get().sha256)


# --- who, and when -------------------------------------------------------------------------------------------------


def test_an_upload_is_its_persons_own(cast: Cast, empty: Application) -> None:
    address = begun(at(cast.owner), empty, len(PLAN))["Location"]
    for stranger in (cast.colleague, cast.outsider, cast.street):
        for response in (head(at(stranger), address), sent(at(stranger), address, 0, PLAN), result(at(stranger), address)):
            assert response.status_code == 404
    for stranger in (cast.outsider, cast.street):
        assert begun(at(stranger), empty, 5).status_code == 404
    assert begun(at(), empty, 5).status_code == sent(at(), address, 0, PLAN).status_code == 401
    assert begun(at(cast.colleague), empty, 5).status_code == 201


def test_a_requirement_that_is_not_asked_for_is_not_found(cast: Cast, empty: Application) -> None:
    assert begun(at(cast.owner), empty, 5, key="nothing").status_code == 404


def test_a_browsers_token_is_asked_for(cast: Cast, empty: Application) -> None:
    client = at(cast.owner, enforce_csrf_checks=True)
    client.get(f"/applications/{empty.public_id}/materials/")
    token = client.cookies["csrftoken"].value
    assert begun(client, empty, len(PLAN)).status_code == 403
    address = begun(client, empty, len(PLAN), **{"X-CSRFToken": token})["Location"]
    assert sent(client, address, 0, PLAN).status_code == 403
    assert sent(client, address, 0, PLAN, **{"X-CSRFToken": token}).status_code == 204


def test_an_application_that_was_sent_meanwhile_takes_nothing_more(cast: Cast) -> None:
    draft, client = filled(cast), at(cast.owner)
    before = list(draft.materials.values_list("sha256", flat=True))
    address = begun(client, draft, len(PLAN), body=PLAN[:100])["Location"]
    workflow.submit(draft.pk, applicant=cast.owner)
    response = sent(client, address, 100, PLAN[100:])
    assert response.status_code == 403 and "was sent" in json.loads(response.content)["message"]
    assert begun(client, draft, 5).status_code == 403
    assert list(draft.materials.values_list("sha256", flat=True)) == before


def test_what_corrections_ask_for_can_be_uploaded_and_nothing_else(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("material", "canteen_plan", "看不清"))
    client = at(cast.owner)
    assert begun(client, application, 5, key="signed_pledge").status_code == 403
    assert begun(client, application, len(PLAN), body=PLAN).status_code == 201
    assert Material.objects.current().get(requirement="canteen_plan").size == len(PLAN)


def test_what_is_owed_arrives_and_the_office_is_told(cast: Cast) -> None:
    application, client = owing(cast), at(cast.owner)
    address = begun(client, application, len(PLAN), body=PLAN)["Location"]
    assert not application.promises.owed().exists()
    answer = json.loads(result(client, address).content)
    assert "Nothing more is owed" in answer["status_html"] and "/remove/" not in answer["html"]
    assert Application.objects.get(pk=application.pk).status == Status.IN_REVIEW


def test_too_many_at_once_are_refused_until_one_stands_still(cast: Cast, empty: Application, settings) -> None:
    settings.UPLOADS_UNDER_WAY = 2
    client = at(cast.owner)
    first = begun(client, empty, 5)["Location"]
    begun(client, empty, 5)
    response = begun(client, empty, 5)
    assert response.status_code == 429 and "Too many files" in json.loads(response.content)["message"]
    assert begun(at(cast.colleague), empty, 5).status_code == 201
    Upload.objects.filter(pk=row(first).pk).update(moved_at=timezone.now() - timedelta(minutes=11))
    assert begun(client, empty, 5).status_code == 201
    assert head(client, first).status_code == 404


def test_whoever_follows_the_address_lands_on_the_page(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    for address in (where(empty), begun(client, empty, 5)["Location"]):
        assert client.get(address)["Location"] == f"/applications/{empty.public_id}/materials/#material-canteen_plan"


def test_a_value_in_64_is_what_it_says() -> None:
    assert in64("食堂方案.pdf".encode()) == "6aOf5aCC5pa55qGILnBkZg=="
