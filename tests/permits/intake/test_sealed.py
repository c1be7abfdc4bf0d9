"""The envelope around a blob: what is on the disk says nothing, and nothing of it can be changed unseen."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from permits.intake import reading, sealed, storage

OLD, NEW = (urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
CONTENT = "复工计划".encode() * 20_000  # three blocks and a half


@pytest.fixture(autouse=True)
def with_a_key(settings) -> None:
    settings.STORAGE_KEYS = [OLD]


def only_file(folder: Path) -> Path:
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    return path


@tries(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.one_of(st.integers(0, 20), st.integers(65_530, 65_545), st.integers(131_060, 131_080)),
    cut=st.integers(1, 70_000), start=st.integers(0, 140_000), length=st.integers(0, 70_000),
)  # fmt: skip
def test_whatever_its_length_it_opens_again_at_any_place(size: int, cut: int, start: int, length: int):
    content = bytes(n * 7 % 251 for n in range(size))
    whole = b"".join(sealed.seal(content[at : at + cut] for at in range(0, size, cut)))
    assert sealed.content_size(len(whole)) == size
    with sealed.open_sealed(io.BytesIO(whole), len(whole)) as file:
        assert file.read() == content
        file.seek(start)
        assert file.read(length) == content[start : start + length]


def test_what_is_on_the_disk_says_nothing_of_the_content(storage_folder):
    stored = storage.put([CONTENT])
    on_disk = only_file(storage_folder).read_bytes()
    assert "复工".encode() not in on_disk and on_disk.startswith(sealed.MAGIC)
    first, again = (b"".join(sealed.seal([CONTENT])) for _ in range(2))
    assert first != again, "each has a data key of its own"
    assert storage.stat(stored.sha256).size == len(CONTENT)


@pytest.mark.parametrize("place", [0, 8, 20, 40, 80, 70_000, -1])
def test_one_changed_bit_is_found(storage_folder, place: int):
    stored = storage.put([CONTENT])
    path = only_file(storage_folder)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises((reading.Damaged, storage.StorageUnavailable)):
        reading.opened(stored.sha256)


@pytest.mark.parametrize("size", [10, sealed.HEADER, sealed.HEADER + sealed.BLOCK + sealed.TAG])
def test_a_file_that_was_cut_off_is_found_also_between_two_blocks(storage_folder, size: int):
    stored = storage.put([CONTENT])
    path = only_file(storage_folder)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(reading.Damaged):
        reading.opened(stored.sha256)


def test_two_blocks_that_changed_places_are_found():
    whole = b"".join(sealed.seal([CONTENT]))
    step = sealed.BLOCK + sealed.TAG
    first, second = whole[sealed.HEADER :][:step], whole[sealed.HEADER + step :][:step]
    swapped = whole[: sealed.HEADER] + second + first + whole[sealed.HEADER + 2 * step :]
    with pytest.raises(sealed.SealBroken), sealed.open_sealed(io.BytesIO(swapped), len(swapped)) as file:
        file.read()


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    old = storage.put([CONTENT])
    settings.STORAGE_KEYS = [NEW, OLD]
    new = storage.put([CONTENT + b"!"])
    assert reading.opened(old.sha256).read() == CONTENT and reading.opened(new.sha256).read() == CONTENT + b"!"
    settings.STORAGE_KEYS = [NEW]
    with pytest.raises(storage.StorageUnavailable, match="STORAGE_KEYS"):
        storage.open_blob(old.sha256)  # not damage: the key was taken away


def test_a_folder_that_was_not_sealed_goes_on_and_is_sealed_by_the_next_upload(settings, storage_folder):
    settings.STORAGE_KEYS = []
    stored = storage.put([CONTENT])
    settings.STORAGE_KEYS = [OLD]
    assert storage.exists(stored.sha256) and reading.opened(stored.sha256).read() == CONTENT
    storage.put([CONTENT])
    assert only_file(storage_folder).name == stored.sha256 + sealed.SUFFIX
    settings.STORAGE_KEYS = []
    with pytest.raises(storage.StorageUnavailable):
        storage.open_blob(stored.sha256)
    storage.delete_blob(stored.sha256)
    assert not [path for path in storage_folder.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_a_folder_is_sealed_anew_with_the_newest_key(settings, storage_folder):
    settings.STORAGE_KEYS = []
    plain = storage.put([b"from before there were keys"])
    settings.STORAGE_KEYS = [OLD]
    old = storage.put([CONTENT])
    settings.STORAGE_KEYS = [NEW, OLD]
    storage.put([b"by now"])
    said = io.StringIO()
    call_command("seal_storage", stdout=said)
    assert "2 blobs encrypted with the newest key, 1 were already" in said.getvalue()
    assert all(path.suffix == sealed.SUFFIX for path in storage_folder.rglob("*") if path.is_file())
    settings.STORAGE_KEYS = [NEW]
    assert reading.opened(plain.sha256).read() == b"from before there were keys"
    assert reading.opened(old.sha256).read() == CONTENT


def test_nothing_is_sealed_without_a_key(settings):
    settings.STORAGE_KEYS = []
    with pytest.raises(CommandError, match="STORAGE_KEYS is empty"):
        call_command("seal_storage")


@pytest.mark.fault
@pytest.mark.parametrize("keys", [[], [OLD]])
def test_killed_at_any_step_of_a_move_a_blob_is_whole_or_not_there(settings, storage_folder, keys):
    """Before each file that is opened, moved or deleted the process dies; also where the blob stood there otherwise."""
    stored = hashlib.sha256(CONTENT).hexdigest()
    for there_already in (False, True):
        places = 0
        while True:
            settings.STORAGE_KEYS = [OLD] if not keys else []  # the other way round
            storage.delete_blob(stored)
            if there_already:
                storage.put([CONTENT])
            settings.STORAGE_KEYS = keys
            if not killed_before_file_operation(places + 1, lambda: storage.put([CONTENT[:9], CONTENT[9:]])):
                break
            places += 1
            settings.STORAGE_KEYS = [OLD]
            if storage.exists(stored):
                assert reading.opened(stored).read() == CONTENT
            else:
                assert not there_already, "a blob was lost"
        assert places > 3
        assert [blob.sha256 for blob in storage.listed()] == [stored]
        settings.STORAGE_KEYS = [OLD]
        for left in storage.leftovers():
            assert left.ours
            storage.drop(left)
        assert [path.name[:64] for path in storage_folder.rglob("*") if path.is_file()] == [stored]


OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate"}


def killed_before_file_operation(n: int, act) -> bool:
    """Act in a process that is killed before its n-th file operation. Return whether it was."""
    child = os.fork()
    if not child:
        count = 0

        def die(event: str, args: object) -> None:
            nonlocal count
            if event not in OPERATIONS:
                return
            count += 1
            if count == n:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(die)
            act()
        except BaseException:
            os._exit(3)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the act itself failed"
    return os.WIFSIGNALED(status)
