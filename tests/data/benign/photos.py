"""Photos and pictures: as phones, scanners, screens and drawing programs write them."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageFilter
from PIL.PngImagePlugin import PngInfo

from tests.data.benign.entries import Set

pillow_heif.register_heif_opener()
DATA = Path(__file__).parents[1]
photos = Set()


@cache
def document(width: int = 900, height: int = 1200) -> Image.Image:
    """A photo of a page of writing, upright."""
    with Image.open(DATA / "pledge.jpg") as image:
        image.draft("RGB", (2000, 1500))
        return image.convert("RGB").rotate(-90, expand=True).resize((width, height), Image.Resampling.LANCZOS)


def exif(orientation: int = 1) -> Image.Exif:
    """As a phone writes it: maker, model, time, and where it was."""
    said = Image.Exif()
    said[0x0112] = orientation
    said[0x010F], said[0x0110], said[0x0132] = "HUAWEI", "ELS-AN00", "2020:02:20 09:30:00"
    said[0x8825] = {1: "N", 2: (28.0, 23.0, 6.0), 3: "E", 4: (114.0, 47.0, 1.0)}
    return said


def saved(form: str = "JPEG", image: Image.Image | None = None, **options: Any) -> bytes:
    out = BytesIO()
    if form == "HEIF":
        options["enc_params"] = {"preset": "ultrafast"}  # the encoder is what costs time
    (image or document()).save(out, form, **options)
    return out.getvalue()


_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def turned(orientation: int) -> bytes:
    """Stored as the sensor lay, with the turn that makes it upright."""
    image = document()
    return saved(image=image.transpose(_BACK[orientation]) if orientation in _BACK else image, exif=exif(orientation), quality=85)


for _n in range(1, 9):
    photos.add(f"phone-{_n}.jpg", f"a phone's photo, orientation {_n}, with its place", lambda n=_n: turned(n), width=900, height=1200, orientation=_n)
photos.add("photo.JPEG", "a name that ends in .JPEG", lambda: saved())
photos.add("progressive.jpg", "progressive, as chats send it", lambda: saved(progressive=True, quality=80))
photos.add("grey.jpg", "a grey scan", lambda: saved(image=document().convert("L")))
photos.add("cmyk.jpg", "CMYK, as printers save it", lambda: saved(image=document().convert("CMYK")))
photos.add("best.jpg", "quality 100, full chroma", lambda: saved(quality=100, subsampling=0))
photos.add("poor.jpg", "quality 20", lambda: saved(quality=20))
photos.add("restarts.jpg", "restart markers, as cameras write them", lambda: saved(restart_marker_rows=1))
photos.add("srgb.jpg", "an sRGB profile", lambda: saved(icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()))
photos.add("p3.jpg", "another profile (of a phone: wide colours)", lambda: saved(icc_profile=_profile()))
photos.add("bad-profile.jpg", "a profile that can't be read", lambda: saved(icc_profile=b"not a profile" * 20))
photos.add("comment.jpg", "a comment in Chinese", lambda: saved(comment="演示数据 <备注>".encode()))
photos.add("xmp.jpg", "XMP, as photo programs write it", lambda: saved(xmp=b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta><?xpacket end="w"?>'))
photos.add("two.jpg", "two pictures in one (MPO), as depth cameras write it", lambda: saved("MPO", save_all=True, append_images=[document(90, 120)]))
photos.add("moving.jpg", "a film behind the picture, as phones write it", lambda: saved(exif=exif()) + b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(range(256)) * 400)
photos.add("samsung.jpg", "Samsung's data behind the picture", lambda: saved(exif=exif()) + b"\0\0\x01\x0aImage_UTC_Data1582162200000SEFHk\0\0\0\x01\0\0\0\0\0\x01\x0a#\0\0\0#\0\0\0\x18\0\0\0SEFT")
photos.add("bad-exif.jpg", "EXIF that breaks off", lambda: saved(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x10\x01\x12\0\x03"))
photos.add("much-exif.jpg", "1.5 MB of depth map as XMP", lambda: _much())
photos.add("48mp.jpg", "48 million pixels, on its side", lambda: saved(image=document().resize((8000, 6000), Image.Resampling.NEAREST), quality=60, exif=exif(6).tobytes()), width=6000, height=8000)
photos.add("logo.jpg", "a small picture", lambda: saved(image=document(120, 160)), warned=("small",))
photos.add("blurred.jpg", "a photo out of focus", lambda: saved(image=document().filter(ImageFilter.GaussianBlur(9))), warned=("blurred",))
photos.add("lens-covered.jpg", "a photo of nothing", lambda: saved(image=Image.new("RGB", (1200, 900), (12, 10, 11))), warned=("blank",))

photos.add("screen.png", "a phone's screenshot", lambda: saved("PNG", document(1080, 1440)), width=1080, height=1440)
photos.add("alpha.png", "transparent around a seal", lambda: saved("PNG", _with_alpha()))
photos.add("palette.png", "256 colours", lambda: saved("PNG", document().quantize(256)))
photos.add("palette-alpha.png", "256 colours, one of them transparent", lambda: saved("PNG", document().quantize(256), transparency=0))
photos.add("grey.png", "grey", lambda: saved("PNG", document().convert("L")))
photos.add("grey-alpha.png", "grey and transparent", lambda: saved("PNG", _with_alpha().convert("LA")))
photos.add("black-white.png", "one bit", lambda: saved("PNG", document().convert("1")))
photos.add("grey16.png", "16 bit grey", lambda: png(document(300, 400).convert("L"), depth=16))
photos.add("rgb16.png", "16 bit colour", lambda: png(document(300, 400), depth=16))
photos.add("interlaced.png", "interlaced, as for the web", lambda: png(document(300, 400), interlaced=True))
photos.add("turned.png", "EXIF with an orientation and a place", lambda: saved("PNG", document().transpose(Image.Transpose.ROTATE_90), exif=exif(6)), width=900, height=1200)
photos.add("texts.png", "texts and a resolution", lambda: saved("PNG", pnginfo=_texts(), dpi=(300, 300)))
photos.add("profile.png", "a colour profile", lambda: saved("PNG", icc_profile=_profile()))

photos.add("IMG_0001.HEIC", "an iPhone's photo with its place", lambda: saved("HEIF", quality=60, exif=exif().tobytes()), kind=".heic", kept=".jpg", width=900, height=1200)
photos.add("turned.heic", "on its side", lambda: saved("HEIF", document().transpose(Image.Transpose.ROTATE_90), quality=60, exif=exif(6).tobytes()), kept=".jpg", width=900, height=1200)
photos.add("grey.heic", "grey", lambda: saved("HEIF", document().convert("L"), quality=60), kept=".jpg")
photos.add("alpha.heif", "transparent", lambda: saved("HEIF", _with_alpha(), quality=60), kept=".jpg")
photos.add("burst.heic", "two photos in one", lambda: saved("HEIF", quality=60, save_all=True, append_images=[document(300, 400)]), kept=".jpg")
photos.add("ten-bit.heic", "10 bit, as HDR phones write it", lambda: _ten_bit(), kept=".jpg")
photos.add("证件照片（2020年2月20日拍摄）最终版 (1).heic", "a long Chinese name", lambda: saved("HEIF", document(600, 800), quality=50), kept=".jpg")
photos.add("misnamed.png", "a JPEG called PNG", lambda: saved(exif=exif()), kind=".jpg")


def _profile() -> bytes:
    """sRGB's profile with red and green exchanged in name and place: as good as any that isn't sRGB."""
    whole = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * 20, 12):
        tag = bytes(whole[at : at + 4])
        if tag in (b"rXYZ", b"gXYZ"):
            whole[at : at + 4] = b"gXYZ" if tag == b"rXYZ" else b"rXYZ"
    return bytes(whole).replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be")).replace(b"sRGB", b"Wide")


def _much() -> bytes:
    whole = saved(exif=exif())
    segment = b"http://ns.adobe.com/xmp/extension/\0" + b"0123456789ABCDEF" * 3000
    segments = (struct.pack(">BBH", 0xFF, 0xE1, len(segment) + 2) + segment) * 30
    return whole[:2] + segments + whole[2:]


def _with_alpha() -> Image.Image:
    image = document().convert("RGBA")
    mask = Image.new("L", image.size, 255)
    mask.paste(0, (0, 0, 200, image.height))
    image.putalpha(mask)
    return image


def _texts() -> PngInfo:
    texts = PngInfo()
    texts.add_text("Software", "截图工具")
    texts.add_itxt("Description", "演示数据", "zh", "说明")
    texts.add_text("Comment", "x" * 5000, zip=True)
    return texts


def _ten_bit() -> bytes:
    image = document(600, 800)
    wide = b"".join(struct.pack("<H", value << 8) for value in image.tobytes())
    out = BytesIO()
    pillow_heif.from_bytes("RGB;16", image.size, wide).save(out, quality=60)
    return out.getvalue()


def png(image: Image.Image, depth: int = 8, *, interlaced: bool = False) -> bytes:
    """A PNG of kinds that Pillow reads and doesn't write: 16 bit, and Adam's seven passes."""
    colour, channels = (0, 1) if image.mode == "L" else (2, 3)
    width, height = image.size
    wide = depth // 8
    content = image.tobytes() if wide == 1 else b"".join(bytes((value, value ^ 0x55)) for value in image.tobytes())
    pixel = channels * wide
    lines = [content[y * width * pixel : (y + 1) * width * pixel] for y in range(height)]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    data = b""
    for left, top, across, down in passes:
        for line in lines[top::down]:
            row = b"".join(line[x * pixel : (x + 1) * pixel] for x in range(left, width, across))
            data += b"\0" + row if row else b""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts)
