"""PDFs: as typesetting, office and browser programs write them, as scanners do, of all versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
import typst
from PIL import Image
from reportlab.lib.pagesizes import A0, A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tests.data.benign.entries import Set
from tests.data.benign.photos import DATA, document, saved

pdfs = Set()
N, D, A, S = pikepdf.Name, pikepdf.Dictionary, pikepdf.Array, pikepdf.String


def drawn(draw: Callable[[Canvas], Any] | None = None, *, pages: int = 1, size: tuple[float, float] = A4, **options: Any) -> bytes:
    """By reportlab: a line on each page, and what ``draw`` draws on the last."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=True, **options)
    for page in range(pages):
        canvas.setFont("Helvetica", 24)
        canvas.drawString(72, 700, f"Epidemic emergency plan, page {page + 1}")
        canvas.rect(72, 300, 300, 300, fill=1)
        if draw and page == pages - 1:
            draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@cache
def typeset(*standards: str) -> bytes:
    text = '#set text(font: "Noto Serif CJK SC")\n#set document(title: "预案", date: datetime(year: 2020, month: 2, day: 20))\n= 疫情防控应急预案\n演示数据\n#pagebreak()\n== 第二章\n#table(columns: 2, [口罩], [5000])'
    return typst.compile(text.encode(), format="pdf", pdf_standards=list(standards) or [])


def changed(change: Callable[[pikepdf.Pdf], Any] | None = None, content: bytes | None = None, **options: Any) -> bytes:
    """The real plan, changed by pikepdf."""
    out = BytesIO()
    with pikepdf.open(BytesIO(content or (DATA / "epidemic_plan.pdf").read_bytes())) as pdf:
        if change:
            change(pdf)
        pdf.save(out, static_id=True, **options)
    return out.getvalue()


def rooted(key: str, value: Any) -> bytes:
    return changed(lambda pdf: pdf.Root.__setitem__(key, value(pdf) if callable(value) else value))


def scanned(pages: int, blank: tuple[int, ...] = (), mode: str = "RGB") -> bytes:
    """Pictures of pages and nothing else, as an office's scanner sends it by mail."""
    writing = document(600, 848).convert(mode)
    empty = Image.effect_noise((600, 848), 3).point(lambda value: 245 + (value - 128) // 4).convert(mode)
    images = [empty if number in blank else writing for number in range(1, pages + 1)]
    out = BytesIO()
    images[0].save(out, "PDF", save_all=True, append_images=images[1:], resolution=72)
    return out.getvalue()


pdfs.add("scan-30.pdf", "30 pages from a scanner", lambda: scanned(30), pages=30, thumbs=20)
pdfs.add("scan-black-white.pdf", "black and white from a scanner (fax coding)", lambda: scanned(3, mode="1"), pages=3, thumbs=3)
pdfs.add("scan-grey.pdf", "grey from a scanner", lambda: scanned(2, mode="L"), pages=2)
pdfs.add("scan-blank.pdf", "from a scanner, two sides of it blank", lambda: scanned(5, blank=(2, 4)), pages=5, warned=("blank_pages",))
pdfs.add("scan-jpeg2000.pdf", "a scan as JPEG 2000", lambda: _with_picture(saved("JPEG2000"), "/JPXDecode"))
pdfs.add("scan-cmyk.pdf", "a scan in CMYK", lambda: _with_picture(saved(image=document().convert("CMYK")), "/DCTDecode", N.DeviceCMYK))
pdfs.add("scan-mended.pdf", "a scanner's table of contents, which is wrong", lambda: scanned(2).replace(b"startxref\n", b"startxref\n9"), pages=2, mended=True, kept=".pdf")
pdfs.add("licence.pdf", "a photo made into a PDF by a phone", lambda: saved("PDF", resolution=150.0), pages=1)
pdfs.add("reportlab.pdf", "text and lines", lambda: drawn(pages=3), pages=3, words="Epidemic emergency plan, page 2")
pdfs.add("uncompressed.pdf", "the same, nothing packed", lambda: drawn(pageCompression=0))
pdfs.add("fonts.pdf", "Chinese in a font that isn't in it", lambda: _cid(), words="防控预案")
pdfs.add("typst.pdf", "Chinese typeset, two pages", lambda: typeset(), pages=2, words="第二章")
pdfs.add("pdfa.pdf", "PDF/A-2b, for an archive", lambda: typeset("a-2b"), pages=2, words="演示数据")
pdfs.add("pdf17.pdf", "PDF 1.7 by a typesetter", lambda: typeset("1.7"), pages=2)
for _version in ("1.3", "1.4", "1.5", "1.6", "1.7", "2.0"):
    pdfs.add(f"version-{_version}.pdf", f"PDF {_version}", lambda v=_version: changed(force_version=v), pages=4, words="演示数据")
pdfs.add("linear.pdf", "made for the web (linearized)", lambda: changed(linearize=True), pages=4)
pdfs.add("packed.pdf", "all packed into object streams", lambda: changed(object_stream_mode=pikepdf.ObjectStreamMode.generate), pages=4)
pdfs.add("qdf.pdf", "for reading by eye (QDF)", lambda: changed(qdf=True), pages=4)
pdfs.add("junk-before.pdf", "a line of a mail before it", lambda: b"\r\n\r\n" + changed(), pages=4)
pdfs.add("blanks-behind.pdf", "zeros behind its end, as some downloads leave", lambda: changed() + b"\r\n" + b"\0" * 500, pages=4)
pdfs.add("added.pdf", "a note that was added behind its end", lambda: _added(drawn()), pages=1)
pdfs.add("outline.pdf", "a table of contents to click", lambda: drawn(lambda c: (c.bookmarkPage("a"), c.addOutlineEntry("第一章", "a", 0))))
pdfs.add("links.pdf", "links to the web, to mail and to a telephone", lambda: drawn(lambda c: [c.linkURL(url, (0, 0, 99, 99)) for url in ("https://www.gov.cn/zhengce", "http://example.invalid:8080/a?b=c:d", "mailto:a@example.invalid", "tel:+8679512345", "www.example.invalid", "file:///D:/复工/附件1.docx", "example.invalid:8080/a", "weixin://dl/chat")]))
pdfs.add("link-within.pdf", "a link to another page", lambda: drawn(lambda c: (c.bookmarkPage("a"), c.linkAbsolute("x", "a", (0, 0, 99, 99)))))
pdfs.add("form.pdf", "a form to fill in, no scripts", lambda: drawn(lambda c: (c.acroForm.textfield(name="name", x=72, y=100), c.acroForm.checkbox(name="ok", x=72, y=150), c.acroForm.choice(name="c", options=["a", "b"], value="a", x=72, y=200))))
pdfs.add("form-reset.pdf", "a form with a button that empties it", lambda: rooted("/AcroForm", lambda pdf: D(Fields=A([pdf.make_indirect(D(FT=N.Btn, T=S("b"), Ff=65536, A=D(S=N.ResetForm)))]))))
pdfs.add("signed.pdf", "signed electronically", lambda: rooted("/AcroForm", lambda pdf: D(SigFlags=3, Fields=A([pdf.make_indirect(D(FT=N.Sig, T=S("s"), V=D(Type=N.Sig, Filter=N("/Adobe.PPKLite"), SubFilter=N("/adbe.pkcs7.detached"), ByteRange=[0, 9, 20, 30], Contents=S(b"\x30\x82" + b"\0" * 200), Reason=S("演示"))))]))))
pdfs.add("opens-at.pdf", "opens at its second page", lambda: rooted("/OpenAction", lambda pdf: D(S=N.GoTo, D=A([pdf.pages[1].obj, N.Fit]))), pages=4)
pdfs.add("opens-list.pdf", "the same, written as a list", lambda: rooted("/OpenAction", lambda pdf: A([pdf.pages[1].obj, N.XYZ, 0, 0, 0])))
pdfs.add("prints.pdf", "asks to be printed when it is opened", lambda: rooted("/OpenAction", D(S=N.Named, N=N.Print)))
pdfs.add("empty-names.pdf", "empty lists of scripts and of attachments, as programs leave them", lambda: rooted("/Names", D(JavaScript=D(Names=A([])), EmbeddedFiles=D(Names=A([])), Dests=D(Names=A([])))))
pdfs.add("empty-script.pdf", "a script of no length", lambda: rooted("/OpenAction", D(S=N.JavaScript, JS=S(""))))
pdfs.add("empty-triggers.pdf", "an empty list of what happens by itself", lambda: changed(lambda pdf: pdf.pages[0].obj.__setitem__("/AA", D())))
pdfs.add("turned.pdf", "pages that lie on their side", lambda: changed(lambda pdf: [page.rotate(90, relative=True) for page in pdf.pages]), pages=4)
pdfs.add("metadata.pdf", "XMP and an author", lambda: _described(), pages=4)
pdfs.add("labels.pdf", "pages counted i, ii, 1, 2", lambda: rooted("/PageLabels", D(Nums=A([0, D(S=N.r), 2, D(S=N.D)]))))
pdfs.add("tagged.pdf", "with its structure, for reading aloud", lambda: rooted("/StructTreeRoot", lambda pdf: D(Type=N.StructTreeRoot, K=pdf.make_indirect(D(Type=N.StructElem, S=N.Link, K=A([D(Type=N.StructElem, S=N.Figure, Alt=S("章"))]))))))
pdfs.add("notes.pdf", "a highlight, a note and a stamp", lambda: changed(lambda pdf: pdf.pages[0].obj.__setitem__("/Annots", A([D(Type=N.Annot, Subtype=N(f"/{kind}"), Rect=[9, 9, 99, 99], Contents=S("演示")) for kind in ("Highlight", "Text", "Stamp", "FreeText", "Ink", "Popup")]))))
pdfs.add("layers.pdf", "layers", lambda: rooted("/OCProperties", lambda pdf: D(OCGs=A([pdf.make_indirect(D(Type=N.OCG, Name=S("水印")))]), D=D(ON=A([])))))
pdfs.add("plan-A0.pdf", "a building plan, A0", lambda: drawn(size=A0))
pdfs.add("200.pdf", "200 pages", lambda: drawn(pages=200), pages=200, thumbs=20, words="page 200")
pdfs.add("last-blank.pdf", "a blank last page", lambda: changed(lambda pdf: pdf.add_blank_page(page_size=(595, 842))), pages=5, warned=("blank_pages",))
pdfs.add("宜丰县青竹制品有限公司关于2020年2月复工复产期间新冠肺炎疫情防控工作应急预案（修订稿）终稿-盖章版.pdf", "a long Chinese name", lambda: changed(), pages=4)
pdfs.add("canteen.pdf", "the demonstration's plan of the canteen", lambda: (DATA / "canteen_plan.pdf").read_bytes(), pages=1)


def _with_picture(content: bytes, how: str, space: Any = None) -> bytes:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(450, 600))
    picture = pikepdf.Stream(pdf, content, Type=N.XObject, Subtype=N.Image, Width=900, Height=1200, Filter=N(how))
    if how == "/DCTDecode":
        picture.BitsPerComponent, picture.ColorSpace, picture.Decode = 8, space, A([1, 0] * 4)  # as Adobe has it
    page.obj.Resources = D(XObject=D(I=picture))
    page.obj.Contents = pdf.make_stream(b"450 0 0 600 0 0 cm /I Do")
    out = BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


def _cid() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return drawn(lambda canvas: (canvas.setFont("STSong-Light", 20), canvas.drawString(72, 200, "防控预案")))


def _added(first: bytes) -> bytes:
    """A changed object and a table that continues the first, behind its end."""
    before = int(first.rpartition(b"startxref\n")[2].split()[0])
    size = int(first.rpartition(b"/Size ")[2].split()[0])
    root = first.rpartition(b"/Root ")[2].split(b" R")[0]
    note = b"%d 0 obj\n(note)\nendobj\n" % size
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %s R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return first + note + table % (size, len(first), size + 1, root, before, len(first) + len(note))


def _described() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as said:
            said["dc:title"] = "预案 <html>"
        pdf.docinfo["/Author"] = "演示"

    return changed(change)
