"""Bad uploads, made when a test asks for them (none is kept as a file, none can do harm)."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pikepdf

HERE = Path(__file__).parent
PASSWORD = "yanshi"


def empty() -> bytes:
    return b""


def exe_named_pdf() -> bytes:
    """A real, minimal Windows program (PE32, its code is one `ret`); a test uploads it as `plan.pdf`."""
    stub = b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21"
    stub += b"This program cannot be run in DOS mode.\r\r\n$"
    dos = b"MZ" + struct.pack("<29H", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8, 0, 0, 0, 0x40, *[0] * 17)
    dos += struct.pack("<I", 0x80)
    dos = (dos + stub).ljust(0x80, b"\0")
    coff = struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 0xE0, 0x0102)
    optional = struct.pack("<HBBIIIIII", 0x10B, 14, 0, 0x200, 0, 0, 0x1000, 0x1000, 0x2000)
    optional += struct.pack("<IIIHHHHHHIIIIHH", 0x400000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x2000, 0x200, 0, 3, 0)
    optional += struct.pack("<IIIIII", 0x100000, 0x1000, 0x100000, 0x1000, 0, 16) + b"\0" * 128
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 1, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    return (dos + b"PE\0\0" + coff + optional + section).ljust(0x200, b"\0") + b"\xc3".ljust(0x200, b"\0")


def too_big(mb: float = 60) -> bytes:
    """A PDF of exactly `mb` MiB that opens: one empty page and one huge attached stream."""
    size = int(mb * 1024 * 1024)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(head))
        head += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    offsets.append(len(head))

    def build(length: int) -> tuple[bytes, bytes]:
        begin = head + b"4 0 obj\n<< /Length %010d >>\nstream\n" % length
        end = b"\nendstream\nendobj\n"
        table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in offsets)
        table += b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%010d\n%%%%EOF\n"
        return begin, end + table % (len(begin) + length + len(end))

    begin, end = build(0)
    length = size - len(begin) - len(end)
    begin, end = build(length)
    return b"".join((begin, bytes(length), end))


def truncated_pdf() -> bytes:
    """The first part of the real plan, as a broken connection leaves it: no xref table, no %%EOF."""
    whole = (HERE / "epidemic_plan.pdf").read_bytes()
    return whole[: len(whole) * 6 // 10]


def html_named_jpg() -> bytes:
    """A page with a script, to be uploaded as `photo.jpg`: must be refused and must never be run."""
    return (
        "<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>photo</title></head>"
        "<body><script>document.title = 'executed'</script>"
        '<img src=x onerror="alert(1)">演示数据</body></html>\n'
    ).encode()


def encrypted_pdf() -> bytes:
    """The real canteen plan locked with a password (PASSWORD) that the portal does not have."""
    out = BytesIO()
    with pikepdf.open(HERE / "canteen_plan.pdf") as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner=PASSWORD + "-owner", user=PASSWORD, R=6))
    return out.getvalue()


def names() -> list[str]:
    """Nasty file names: path parts, too long, emoji, direction marks, NUL, reserved, and almost nothing."""
    return [
        "../../etc/passwd.pdf",
        "..\\..\\Windows\\System32\\预案.pdf",
        "/absolute/path/营业执照.jpg",
        "C:\\fakepath\\营业执照.jpg",
        "预" * 296 + ".pdf",
        "a" * 296 + ".pdf",
        "😷🏭复工预案✅.pdf",
        "预案\u202efdp.exe",
        "\u200f营业执照\u200e.jpg",
        "plan.pdf\x00.exe",
        "plan\r\nX-Injected: yes.pdf",
        "plan.pdf.exe",
        "<script>alert(1)</script>.pdf",
        "'; DROP TABLE permits_material;--.pdf",
        '引号"和%2e%2e%2f.pdf',
        "e\u0301pide\u0301mie.pdf",
        "CON.pdf",
        ".htaccess",
        "   .pdf",
        "没有后缀",
        "..",
        "",
    ]
