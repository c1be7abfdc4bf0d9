"""The bureau's key in a token: SoftHSM's here, which any token's library stands in the place of."""

from __future__ import annotations

import os
import shutil
import subprocess
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import SafeExceptionReporterFilter
from pkcs11 import TokenFlag

from permits import credentials
from permits.credentials import bureau, certificate, checking, dev_ca, pades, token
from permits.credentials.pades_checking import signature_of
from permits.intake import storage
from permits.models import Permit
from portal.management.commands import doctor
from reviews import tasks
from tests import softtoken
from tests.cast import Cast
from tests.permits.test_credentials import CONTENT, NUMBER, OFFICE
from tests.permits.test_pades import status_of
from tests.reviews import steps


@pytest.fixture(scope="module")
def bare() -> bytes:
    return credentials.render_pdf(CONTENT)


@pytest.fixture(scope="module")
def keys() -> dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]:
    return {"rsa": rsa.generate_private_key(65537, 3072), "ecdsa": ec.generate_private_key(ec.SECP256R1())}


@pytest.fixture(scope="module")
def made(keys, tmp_path_factory) -> Path:
    """A folder of two tokens, of which one holds the bureau's keys; with the root, and the chain that leads to it."""
    folder = tmp_path_factory.mktemp("token")
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    between = dev_ca.issue("intermediate", key=ec.generate_private_key(ec.SECP256R1()), by=root)
    softtoken.make(folder, "bureau's", "archive")
    for number, (kind, key) in enumerate(keys.items(), start=1):
        issued = dev_ca.issue("bureau", key=key, by=between)
        softtoken.put_key(folder, "bureau's", issued, label=f"permits {kind}", id=number)
        softtoken.put_certificate("bureau's", f"permits {kind}", issued, id=number)
    another = dev_ca.issue("bureau", key=rsa.generate_private_key(65537, 2048), by=between)
    softtoken.put_key(folder, "bureau's", another, label="another", id=9)
    chain = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (between, root))
    (folder / "chain.pem").write_bytes(chain)
    (folder / "trust" / "roots").mkdir(parents=True)
    (folder / "trust" / "roots" / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    (folder / "pin").write_text(f"{softtoken.PIN}\n")
    return folder


@pytest.fixture
def tokens(settings, tmp_path: Path, made: Path, monkeypatch) -> Iterator[Path]:
    """The tokens of ``made``, copied: where they are."""
    cache.clear()
    token._forget()
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("SOFTHSM2_CONF", str(softtoken.settings_for(tmp_path)))
    settings.PERMIT_PKCS12, settings.PERMIT_TRUST, settings.PERMIT_TSA_URL = tmp_path / "no.p12", tmp_path / "trust", ""
    settings.PERMIT_PKCS11 = {
        "module": softtoken.library(), "token": "bureau's", "certificate": "permits rsa", "key": "", "secret_pin": "",
        "pin_file": str(tmp_path / "pin"), "chain": str(tmp_path / "chain.pem"),
    }  # fmt: skip
    yield tmp_path / "tokens"
    token._forget()


def sign(pdf: bytes) -> bytes:
    return pades.sign_pdf(pdf, office=OFFICE, number=NUMBER)


def away(tokens: Path) -> Path:
    """Pulled out. What SoftHSM has open it has in its memory, so this process closes it, as a fresh worker would find it."""
    token._forget()
    gone = tokens.with_name("away")
    shutil.move(tokens, gone)
    tokens.mkdir()
    return gone


def back(gone: Path, tokens: Path) -> None:
    tokens.rmdir()
    shutil.move(gone, tokens)


# --- It signs -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_what_a_token_signed_is_found_good_by_everybody(
    tokens, settings, bare: bytes, tmp_path: Path, kind: str
) -> None:
    settings.PERMIT_PKCS11 |= {"certificate": f"permits {kind}"}
    for pdf in (sign(bare), sign(bare)):  # the second one goes by what the first left
        status = status_of(pdf)
        assert status.bottom_line and status.intact and status.trusted and status.docmdp_ok
        assert signature_of(pdf).signer == dev_ca.BUREAU
        (tmp_path / "permit.pdf").write_bytes(pdf)
        done = subprocess.run(["pdfsig", "-nocert", tmp_path / "permit.pdf"], capture_output=True, text=True)
        assert "Signature is Valid" in done.stdout and "Total document signed" in done.stdout, done.stdout


def test_doctor_tries_the_key_and_tells_the_certificate(tokens) -> None:
    assert certificate.standing().subject == dev_ca.BUREAU
    assert dev_ca.BUREAU in doctor.permit_certificate()


def test_a_process_logs_in_once(tokens, bare: bytes) -> None:
    first = bureau.signer()
    sign(bare)
    assert bureau.signer() is first


def test_threads_take_turns(tokens, bare: bytes) -> None:
    with ThreadPoolExecutor(8) as pool:
        for pdf in pool.map(sign, [bare] * 24):
            assert signature_of(pdf).number == NUMBER


def test_a_fork_logs_in_for_itself_and_its_parent_goes_on(tokens, bare: bytes, tmp_path: Path) -> None:
    sign(bare)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            (tmp_path / "child.pdf").write_bytes(sign(bare))
            status = 0
        finally:
            os._exit(status)
    assert signature_of(sign(bare)).number == NUMBER
    assert os.waitpid(child, 0)[1] == 0
    assert signature_of((tmp_path / "child.pdf").read_bytes()).number == NUMBER
    assert signature_of(sign(bare)).number == NUMBER


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-pkcs11 ends a search in it
def test_a_session_that_ended_is_opened_anew(tokens, bare: bytes) -> None:
    signer = bureau.signer()
    token._session.inside.pkcs11_session.close()
    assert signature_of(sign(bare)).number == NUMBER and bureau.signer() is not signer


def renew(keys, folder: Path) -> int:
    """The certificate of the same key and label, in the place of the old one. Return its serial number."""
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    (folder / "trust" / "roots" / "next.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    renewed = dev_ca.issue("bureau", key=keys["rsa"], by=root)
    softtoken.replace_certificate("bureau's", "permits rsa", renewed, id=1)
    return renewed.certificate.serial_number


def test_a_renewed_certificate_is_taken_without_a_restart(
    tokens, keys, bare: bytes, tmp_path: Path, monkeypatch
) -> None:
    sign(bare)
    serial = renew(keys, tmp_path)
    monkeypatch.setattr(token, "KEPT", 0)
    assert status_of(sign(bare)).signing_cert.serial_number == serial


def test_of_a_signature_half_made_nothing_is_left_when_the_certificate_changes(
    tokens, keys, bare, tmp_path: Path
) -> None:
    sign(bare)
    serial = renew(keys, tmp_path)
    with pytest.raises(credentials.NotSigned, match="changed a moment ago"):
        sign(bare)
    assert status_of(sign(bare)).signing_cert.serial_number == serial


# --- It doesn't -----------------------------------------------------------------------------------------------------
def flags() -> TokenFlag:
    token._forget()
    library = pkcs11.lib(softtoken.library())
    try:
        return library.get_token(token_label="bureau's").flags
    finally:
        library.finalize()


def test_a_wrong_pin_is_named_and_tried_once_only(tokens, settings, bare: bytes) -> None:
    right = settings.PERMIT_PKCS11
    settings.PERMIT_PKCS11 = right | {"secret_pin": "9999"}
    for _ in range(2):
        with pytest.raises(ImproperlyConfigured, match="PERMIT_PKCS11_PIN: the token 'bureau's' refuses the PIN"):
            sign(bare)
    assert TokenFlag.USER_PIN_COUNT_LOW in flags()
    settings.PERMIT_PKCS11 = right
    assert signature_of(sign(bare)).number == NUMBER
    settings.PERMIT_PKCS11 = right | {"secret_pin": "9999"}
    with pytest.raises(ImproperlyConfigured, match="isn't tried again"):
        sign(bare)
    assert TokenFlag.USER_PIN_COUNT_LOW not in flags()  # the token heard nothing of it
    assert "9999" not in str(SafeExceptionReporterFilter().get_safe_settings())


@pytest.mark.parametrize(
    "flag, said",
    [(TokenFlag.USER_PIN_FINAL_TRY, "so it isn't tried"), (TokenFlag.USER_PIN_LOCKED, "unlock it with its SO PIN")],
)
def test_the_last_try_is_left_to_a_person(flag: TokenFlag, said: str) -> None:
    """SoftHSM never locks, so this token is made up; it can't be opened."""
    given = token.Given(module="", token="", certificate="", key="", pin="1234", chain=())
    with pytest.raises(ImproperlyConfigured, match=said):
        token._logged_in(types.SimpleNamespace(label="bureau's", flags=flag), given)


@pytest.mark.parametrize(
    "changed, said",
    [
        (
            {"certificate": "permit rsa"},
            "PERMIT_PKCS11_CERTIFICATE: .*no certificate.*'permit rsa'.*'permits ecdsa', 'permits rsa'",
        ),
        ({"key": "permit"}, "PERMIT_PKCS11_KEY: .*no private key.*'permit'.*'another', 'permits ecdsa', 'permits rsa'"),
        ({"key": "another"}, "PERMIT_PKCS11_KEY: the key 'another' isn't that of the certificate 'permits rsa'"),
        ({"token": ""}, "PERMIT_PKCS11_TOKEN: .*'archive'"),
        ({"module": "/opt/nothing.so"}, "PERMIT_PKCS11_MODULE: /opt/nothing.so can't be loaded"),
        ({"pin_file": ""}, "PERMIT_PKCS11_PIN: the token has a PIN"),
        ({"chain": "/opt/nothing.pem"}, "/opt/nothing.pem can't be read"),
    ],
)
def test_what_is_set_wrong_is_named(tokens, settings, bare: bytes, changed: dict[str, str], said: str) -> None:
    right = settings.PERMIT_PKCS11
    settings.PERMIT_PKCS11 = right | changed
    with pytest.raises(ImproperlyConfigured, match=said):
        sign(bare)
    with pytest.raises(doctor.Unwell, match=said):
        doctor.permit_certificate()
    settings.PERMIT_PKCS11 = right
    assert signature_of(sign(bare)).number == NUMBER


def test_one_that_is_away_is_waited_for(tokens, bare: bytes) -> None:
    gone = away(tokens)
    with pytest.raises(credentials.NotSigned, match="'bureau's' .*isn't there.*Tokens that are there: none"):
        sign(bare)
    with pytest.raises(doctor.Unwell, match="plug it in, or start the HSM"):
        doctor.permit_certificate()
    back(gone, tokens)
    assert signature_of(sign(bare)).number == NUMBER


# --- The worker -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("trouble", ["away", "wrong PIN"])
def test_a_permit_waits_for_the_token_and_is_printed_when_it_is_back(
    tokens, settings, cast: Cast, caplog, trouble: str
) -> None:
    permit, other = steps.approved(cast).permit, steps.approved(cast).permit
    right, gone = settings.PERMIT_PKCS11, None
    if trouble == "away":
        gone = away(tokens)
    else:
        settings.PERMIT_PKCS11 = right | {"secret_pin": "9999"}
    tasks.print_permit(permit.pk)
    assert tasks.issue_missing_permits() == 0
    assert set(Permit.objects.values_list("pdf_sha256", flat=True)) == {""}
    waits = [record for record in caplog.records if "waits to be printed" in record.getMessage()]
    assert len(waits) == 2 and all(record.levelname == "ERROR" for record in waits)  # the sweep stops at the first
    if gone is not None:
        back(gone, tokens)
    settings.PERMIT_PKCS11 = right
    tasks.print_permit(permit.pk)
    assert tasks.issue_missing_permits() == 1
    for each in (permit, other):
        each.refresh_from_db()
        with storage.open_blob(each.pdf_sha256) as blob:
            assert checking.pdf(blob.read()).good
