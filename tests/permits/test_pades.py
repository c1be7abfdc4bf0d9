"""The signature in a permit's PDF: pyHanko, poppler and we ourselves find it good, and not one bit of it can be changed."""

from __future__ import annotations

import asyncio
import copy
import io
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from permits import credentials
from permits.credentials import bureau, certificate, checking, dev_ca, pades
from permits.credentials.pades_checking import Refused, signature_of
from tests.fakes import tsa
from tests.permits.test_credentials import CONTENT, NUMBER, OFFICE, pages_of, text_of


def put_in(settings, folder: Path) -> None:
    settings.EMBEDDED = True
    settings.PERMIT_PKCS12, settings.PERMIT_PKCS12_PASSPHRASE = folder / "pdf" / "bureau.p12", ""
    settings.PERMIT_PKCS12_PASSPHRASE_FILE, settings.PERMIT_TRUST = folder / "pdf" / "passphrase", folder / "trust"
    settings.PERMIT_PKCS11, settings.PERMIT_TSA_URL = {"module": ""}, ""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pades")


@pytest.fixture(autouse=True)
def office(settings, world: Path) -> None:
    """One dev CA for the whole module: an RSA key takes a moment."""
    put_in(settings, world)


@pytest.fixture
def alone(settings, tmp_path: Path) -> Path:
    put_in(settings, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def bare() -> bytes:
    return credentials.render_pdf(CONTENT)


@pytest.fixture
def signed(bare: bytes, world: Path) -> bytes:
    path = world / "signed.pdf"
    if not path.exists():
        path.write_bytes(pades.sign_pdf(bare, office=OFFICE, number=NUMBER))
    return path.read_bytes()


def sign(pdf: bytes) -> bytes:
    return pades.sign_pdf(pdf, office=OFFICE, number=NUMBER)


def gap(pdf: bytes) -> tuple[int, int]:
    """From the "<" of the signature to behind its ">"."""
    start, length, then, _rest = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", pdf).groups())
    return start + length, then


def status_of(pdf: bytes):
    roots = ValidationContext(trust_roots=list(bureau.trust().roots), allow_fetching=False)
    (embedded,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return asyncio.run(async_validate_pdf_signature(embedded, roots))


# --- It holds -------------------------------------------------------------------------------------------------------
def test_pyhankos_own_validator_finds_it_good(signed: bytes) -> None:
    status = status_of(signed)
    assert status.bottom_line and status.intact and status.trusted
    assert status.coverage.name == "ENTIRE_FILE" and status.docmdp_ok


def test_pdfsig_finds_it_good(signed: bytes, tmp_path: Path) -> None:
    (tmp_path / "permit.pdf").write_bytes(signed)
    done = subprocess.run(["pdfsig", "-nocert", tmp_path / "permit.pdf"], capture_output=True, text=True)
    assert "Signature is Valid" in done.stdout and "Total document signed" in done.stdout, done.stdout
    assert "ETSI.CAdES.detached" in done.stdout and "宜丰县行政审批局" in done.stdout


def test_we_say_who_signed_it_and_when(signed: bytes) -> None:
    found = signature_of(signed)
    assert (found.number, found.signer, found.stamped_by) == (NUMBER, dev_ca.BUREAU, "")
    assert abs(found.signed_at - timezone.now()) < timedelta(minutes=5)


def test_no_byte_of_the_page_is_touched_and_it_looks_the_same(bare: bytes, signed: bytes, tmp_path: Path) -> None:
    assert signed.startswith(bare)
    first, second = tmp_path / "bare", tmp_path / "signed"
    for folder in (first, second):
        folder.mkdir()
    assert pages_of(bare, first)[0].tobytes() == pages_of(signed, second)[0].tobytes()
    assert "宜丰县喆堃翀㛃䶮竹木制品有限公司" in text_of(signed, tmp_path)


def test_it_stays_pdf_a_and_the_field_is_tagged_named_and_over_the_seal(signed: bytes) -> None:
    pdf = pikepdf.open(io.BytesIO(signed))
    with pdf.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["pdfuaid:part"] == "1"
        # ISO 19005-2, 6.6.2.3: what both say of the file has to be the same.
        assert metadata["pdf:Producer"] == str(pdf.docinfo["/Producer"])
        assert metadata["dc:title"] == str(pdf.docinfo["/Title"])
        written = datetime.fromisoformat(metadata["xmp:ModifyDate"])
        assert pikepdf.models.metadata.decode_pdf_date(str(pdf.docinfo["/ModDate"])) == written
    (field,) = pdf.Root.AcroForm.Fields
    assert "/NeedAppearances" not in pdf.Root.AcroForm and int(pdf.Root.AcroForm.SigFlags) == 3
    assert NUMBER in str(field.TU) and OFFICE["zh"] in str(field.TU) and OFFICE["en"] in str(field.TU)
    assert int(field.F) & 0b100 and not int(field.F) & 0b10  # printed, not hidden: 6.3.2
    assert "/N" in field.AP and field.AP.N.read_bytes() == b""
    tree = pdf.Root.StructTreeRoot
    numbers = list(tree.ParentTree.Nums)
    parents = dict(zip(map(int, numbers[::2]), numbers[1::2], strict=True))
    element = parents[int(field.StructParent)]
    assert element.S == "/Form" and element.K[0].Obj == field
    assert element.objgen in {each.objgen for each in element.P.K} and int(tree.ParentTreeNextKey) == len(parents)
    assert field.objgen in {each.objgen for each in pdf.pages[-1].Annots} and pdf.pages[-1].Tabs == "/S"


def test_the_field_is_on_the_last_page(tmp_path: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content["statement"]["zh"] = "材料齐全，予以备案。" * 90
    content["holder"]["address"] = "新昌镇工业大道" * 40
    pdf = pikepdf.open(io.BytesIO(credentials.signed_pdf(content)))
    assert len(pdf.pages) > 1 and pdf.Root.AcroForm.Fields[0].P.objgen == pdf.pages[-1].objgen


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_certificate_of_either_kind_signs(alone: Path, settings, bare: bytes, kind: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else rsa.generate_private_key(65537, 2048)
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    give(alone, settings, dev_ca.issue("bureau", key=key, by=root), root, [root])
    assert signature_of(sign(bare)).signer == dev_ca.BUREAU
    assert signature_of(sign(bare)).signer == dev_ca.BUREAU  # the second one goes by what the first left


def give(folder: Path, settings, signer: dev_ca.Issued, root: dev_ca.Issued, chain: list[dev_ca.Issued]) -> None:
    settings.PERMIT_PKCS12.parent.mkdir(parents=True, exist_ok=True)
    settings.PERMIT_PKCS12.write_bytes(dev_ca.pkcs12(signer, chain, "it's $secret"))
    settings.PERMIT_PKCS12_PASSPHRASE = "it's $secret"
    (folder / "trust" / "roots").mkdir(parents=True, exist_ok=True)
    (folder / "trust" / "roots" / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))


# --- It is refused --------------------------------------------------------------------------------------------------
@settings(max_examples=300)
@given(data=st.data())
def test_any_flipped_bit_is_refused(signed: bytes, data) -> None:
    """Half of them in the signature itself, which no signature covers."""
    first, second = gap(signed)
    place = data.draw(st.one_of(st.integers(0, len(signed) - 1), st.integers(first, second - 1)))
    flipped = bytearray(signed)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Refused):
        signature_of(bytes(flipped))


def test_the_same_signature_written_otherwise_is_refused(signed: bytes) -> None:
    first, second = gap(signed)
    lower = signed[:first] + signed[first:second].lower() + signed[second:]
    padded = signed[: second - 2] + b"1>" + signed[second:]
    for other in (lower, padded):
        assert status_of(other).bottom_line  # as pyHanko sees it
        with pytest.raises(Refused, match="isn't written as the bureau writes it"):
            signature_of(other)


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_nonsense_is_refused_without_another_error(content: bytes) -> None:
    for pdf in (content, b"%PDF-1.7\n" + content):
        with pytest.raises(Refused):
            signature_of(pdf)


@settings(max_examples=30)
@given(cut=st.integers(0, 110_000), tail=st.binary(max_size=40))
def test_a_part_or_something_added_is_refused(signed: bytes, cut: int, tail: bytes) -> None:
    changed = signed[: min(cut, len(signed) - 1)] + tail
    if changed == signed:
        return
    with pytest.raises(Refused):
        signature_of(changed)
    with pytest.raises(Refused):
        signature_of(signed + b"\n" + tail)


def test_the_page_without_its_signature_is_refused(bare: bytes) -> None:
    with pytest.raises(Refused, match="has no signature"):
        signature_of(bare)


def test_a_revision_on_top_is_refused(signed: bytes) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.root["/Lang"] = pdf_string("en")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(Refused):
        signature_of(out.getvalue())


def test_a_signature_moved_to_another_enterprises_paper_is_refused(signed: bytes) -> None:
    """The other paper is the bureau's too; only who holds it differs."""
    content = copy.deepcopy(CONTENT)
    content["holder"] |= {"name": "宜丰县另一家竹木制品有限公司", "uscc": "91360924MA35XYZ26T"}
    other = credentials.signed_pdf(content)
    (a, b), (c, d) = gap(other), gap(signed)
    assert b - a == d - c
    with pytest.raises(Refused, match="changed after it was signed"):
        signature_of(other[:a] + signed[c:d] + other[b:])


def test_a_stranger_with_a_certificate_of_the_same_name_is_refused(alone: Path, settings, bare: bytes, world) -> None:
    forged = sign(bare)
    put_in(settings, world)
    with pytest.raises(Refused, match="goes back to nobody trusted here"):
        signature_of(forged)


def test_another_customer_of_the_same_authority_is_refused(alone: Path, settings, bare: bytes, tmp_path) -> None:
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    for name in ("ours", "theirs"):
        put_in(settings, tmp_path / name)
        give(tmp_path / name, settings, dev_ca.issue("bureau", key=ec.generate_private_key(ec.SECP256R1()), by=root),
             root, [root])  # fmt: skip
        pdf = sign(bare)
        assert signature_of(pdf).number == NUMBER
    put_in(settings, tmp_path / "ours")
    with pytest.raises(Refused, match="who doesn't sign permits here"):
        signature_of(pdf)


def test_a_certificate_that_had_ended_when_it_signed_is_refused(alone: Path, settings, bare: bytes) -> None:
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    long_ago = datetime(2015, 1, 1, tzinfo=UTC)
    give(alone, settings, dev_ca.issue("bureau", key=ec.generate_private_key(ec.SECP256R1()), by=root, begins=long_ago),
         root, [root])  # fmt: skip
    with pytest.raises(Refused):
        signature_of(sign(bare))
    with pytest.raises(certificate.Unfit, match="ended on 2017-12-31"):
        certificate.standing()


# --- Certificates come and go ------------------------------------------------------------------------------------------
def test_permits_outlive_the_certificate_that_signed_them(alone: Path, bare: bytes, monkeypatch) -> None:
    first = sign(bare)
    call_command("make_dev_ca", renew=True, stdout=io.StringIO())
    second = sign(bare)
    signers = [x509.Certificate.load(s.signing_cert.dump()).serial_number for s in map(status_of, (first, second))]
    assert len(set(signers)) == 2 and len(list((alone / "trust" / "signers").iterdir())) == 2
    later = timezone.now() + timedelta(days=365 * 5)
    monkeypatch.setattr(timezone, "now", lambda: later)  # both certificates have ended by then
    assert signature_of(first).certificate_ends < later and signature_of(second).number == NUMBER


def test_the_dev_ca_is_made_once_and_for_its_owner_only(alone: Path, settings) -> None:
    bureau.signer()
    before = settings.PERMIT_PKCS12.read_bytes()
    said = io.StringIO()
    call_command("make_dev_ca", stdout=said)
    assert "nothing changed" in said.getvalue() and settings.PERMIT_PKCS12.read_bytes() == before
    for path in (settings.PERMIT_PKCS12, settings.PERMIT_PKCS12_PASSPHRASE_FILE):
        assert path.stat().st_mode & 0o777 == 0o600


def test_production_makes_none_by_itself_and_the_command_wants_force(alone: Path, settings, bare: bytes) -> None:
    settings.EMBEDDED = False
    with pytest.raises(ImproperlyConfigured, match="PERMIT_PKCS12: there is no file"):
        sign(bare)
    with pytest.raises(CommandError, match="production"):
        call_command("make_dev_ca")
    assert not settings.PERMIT_PKCS12.exists()
    call_command("make_dev_ca", force=True, stdout=io.StringIO())
    assert signature_of(sign(bare)).number == NUMBER


@pytest.mark.parametrize("content", [b"", b"no PKCS#12"])
def test_a_damaged_file_or_another_passphrase_is_named(alone: Path, settings, bare: bytes, content: bytes) -> None:
    settings.PERMIT_PKCS12.parent.mkdir(parents=True)
    settings.PERMIT_PKCS12.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=str(settings.PERMIT_PKCS12)):
        sign(bare)
    settings.PERMIT_PKCS12.unlink()
    bureau.signer()
    settings.PERMIT_PKCS12_PASSPHRASE = "another"
    with pytest.raises(ImproperlyConfigured, match="passphrase"):
        sign(bare)


def test_standing_says_how_long_and_that_a_chain_has_a_hole(alone: Path, settings) -> None:
    bureau.signer()
    found = certificate.standing()
    assert found.subject == dev_ca.BUREAU and 365 * 3 - 3 <= found.days < 365 * 3
    root = dev_ca.issue("root", key=ec.generate_private_key(ec.SECP256R1()))
    between = dev_ca.issue("intermediate", key=ec.generate_private_key(ec.SECP256R1()), by=root)
    signer = dev_ca.issue("bureau", key=ec.generate_private_key(ec.SECP256R1()), by=between)
    give(alone, settings, signer, root, [])
    with pytest.raises(certificate.Unfit, match="chain"):
        certificate.standing()


# --- Time stamps --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def authority():
    there = tsa.authority()
    with tsa.running(there) as url:
        yield there, url


@pytest.fixture
def stamping(settings, world: Path, authority):
    there, url = authority
    there.down = there.rejects = False
    settings.PERMIT_TSA_URL = url
    (world / "trust" / "tsa").mkdir(parents=True, exist_ok=True)
    (world / "trust" / "tsa" / "tsa.pem").write_bytes(there.root)
    return there


def test_a_time_stamp_says_when(stamping, bare: bytes, tmp_path: Path) -> None:
    stamping.asked.clear()
    pdf = sign(bare)
    assert len(stamping.asked) == 1
    found = signature_of(pdf)
    assert found.stamped_by == "Time stamps" and abs(found.signed_at - timezone.now()) < timedelta(minutes=1)
    (tmp_path / "permit.pdf").write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", tmp_path / "permit.pdf"], capture_output=True, text=True)
    assert "Signature is Valid" in done.stdout


def test_any_flipped_bit_of_a_time_stamp_is_refused(stamping, bare: bytes) -> None:
    pdf = sign(bare)
    first, second = gap(pdf)

    @settings(max_examples=100)
    @given(place=st.integers(first, second - 1), bit=st.integers(0, 7))
    def refused(place: int, bit: int) -> None:
        flipped = bytearray(pdf)
        flipped[place] ^= 1 << bit
        with pytest.raises(Refused):
            signature_of(bytes(flipped))

    refused()


def test_a_time_stamp_of_a_stranger_is_refused(stamping, bare: bytes, world: Path) -> None:
    pdf = sign(bare)
    (world / "trust" / "tsa" / "tsa.pem").unlink()
    with pytest.raises(Refused, match="time stamp is from nobody trusted here"):
        signature_of(pdf)


@pytest.mark.parametrize("trouble", ["down", "rejects"])
def test_without_a_time_stamp_that_was_asked_for_nothing_is_signed(stamping, bare: bytes, trouble: str) -> None:
    setattr(stamping, trouble, True)
    with pytest.raises(credentials.NotSigned, match="PERMIT_TSA_URL"):
        sign(bare)


# --- The command --------------------------------------------------------------------------------------------------------
def test_without_the_register_the_signature_alone_is_told(signed: bytes) -> None:
    found = checking.pdf(signed, offline=True)
    assert found.good and found.lines[0].startswith(f"{NUMBER}: SIGNED") and dev_ca.BUREAU in "\n".join(found.lines)
    assert not checking.pdf(signed[:-1], offline=True).good


def test_where_nobody_is_trusted_it_says_so(alone: Path, signed: bytes) -> None:
    with pytest.raises(ImproperlyConfigured, match="PERMIT_TRUST"):
        signature_of(signed)
