"""What can be evidence, and what of a file is not kept."""

from __future__ import annotations

import io
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageCms
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject, TextStringObject

from safeconduct.kernel.cases.errors import EvidenceRefused, ScannerSilent
from safeconduct.kernel.cases.files import cleaned
from safeconduct.kernel.cases.scanning import scan

SECRET = b"GPS 33.0472 S 71.6127 W"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*extra: bytes, width: int = 1, height: int = 1) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def jpeg(orientation: int = 1, **how: Any) -> bytes:
    """A photograph, its left half dark, as a camera writes it: turned, with its place and a comment."""
    picture = Image.new("RGB", (64, 48), (240, 240, 240))
    picture.paste((10, 10, 10), (0, 0, 32, 48))
    told = Image.Exif()
    told[ExifTags.Base.Orientation], told[ExifTags.Base.ImageDescription] = orientation, SECRET.decode()
    return _saved(picture, "JPEG", exif=told, comment=SECRET, quality=80, **how)


def _saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    into = io.BytesIO()
    picture.save(into, kind, **how)
    return into.getvalue()


def shown(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), kind) + data


def mp4() -> bytes:
    trak = box(b"trak", box(b"tkhd", b"1234") + box(b"meta", SECRET))
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", trak + box(b"udta", SECRET)) + box(b"mdat", b"pixels")


def pdf(earlier: bytes = b"") -> bytes:
    """Two pages, words and a photograph, by a program that writes down who used it; and what was in it ``earlier``."""
    made = PdfWriter()
    made.pdf_header = "%PDF-1.7"
    page = made.add_blank_page(200, 100)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )  # fmt: skip
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): made._add_object(font)})}
    )
    words, told = StreamObject(), StreamObject()
    words.set_data(b"BT /F1 12 Tf 10 50 Td (It was whole) Tj ET")
    told.set_data(b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    page[NameObject("/Contents")] = made._add_object(words)
    page[NameObject("/Metadata")] = made._add_object(told)
    page[NameObject("/LastModified")] = TextStringObject("D:20260101")
    made.root_object[NameObject("/Metadata")] = made._add_object(told)
    made.add_metadata({"/Author": SECRET.decode(), "/Creator": SECRET.decode()})
    photograph = PdfReader(io.BytesIO(_saved(shown(jpeg()), "PDF"))).pages[0]
    added = made.add_page(photograph)
    (name,) = added["/Resources"]["/XObject"]
    added["/Resources"]["/XObject"][name].get_object()._data = jpeg()
    left_over = StreamObject()
    left_over.set_data(earlier)
    made._add_object(left_over)
    return _written(made)


def _written(made: PdfWriter) -> bytes:
    into = io.BytesIO()
    made.write(into)
    return into.getvalue()


def test_a_photograph_keeps_its_picture_is_turned_and_loses_where_it_was_taken() -> None:
    found = cleaned(jpeg(6) + SECRET)
    assert found.media_type == "image/jpeg"
    assert SECRET not in found.data
    picture = shown(found.data)
    assert (picture.size, dict(picture.getexif())) == ((48, 64), {}), "upright, and nothing says otherwise"
    assert picture.convert("L").getpixel((24, 10)) < 30  # type: ignore[operator]
    assert picture.convert("L").getpixel((24, 54)) > 220  # type: ignore[operator]


def test_a_photograph_is_written_with_its_own_tables_so_that_it_neither_grows_nor_blurs() -> None:
    whole = jpeg()
    found = cleaned(whole)
    before, after = shown(whole).convert("L"), shown(found.data).convert("L")
    assert max(ImageChops.difference(before, after).tobytes()) <= 3
    assert len(found.data) <= len(whole)
    assert cleaned(whole).data == found.data, "the same file is the same piece"


def test_colours_of_a_profile_become_those_everybody_shows_and_print_becomes_light() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "icc_profile" not in shown(cleaned(jpeg(icc_profile=profile)).data).info
    assert "icc_profile" not in shown(cleaned(jpeg(icc_profile=b"nothing")).data).info
    assert shown(cleaned(_saved(Image.new("CMYK", (9, 9)), "JPEG")).data).mode == "RGB"


def test_a_png_keeps_every_point_and_loses_its_texts_and_what_hangs_on_behind() -> None:
    found = cleaned(png(chunk(b"tEXt", b"Place\0" + SECRET), chunk(b"eXIf", SECRET)) + b"PK\x03\x04" + SECRET)
    assert found.media_type == "image/png"
    assert SECRET not in found.data
    for mode in ("1", "L", "LA", "RGB", "RGBA", "I;16"):
        picture = Image.new(mode, (7, 5))
        kept = shown(cleaned(_saved(picture, "PNG")).data)
        assert (kept.mode, kept.tobytes()) == (mode, picture.tobytes())
    palette = Image.new("P", (3, 3), 1)
    palette.putpalette([0, 0, 0, 200, 10, 10])
    kept = shown(cleaned(_saved(palette, "PNG", transparency=1)).data)
    assert (kept.mode, kept.getpixel((1, 1))) == ("RGBA", (200, 10, 10, 0))


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_opened() -> None:
    with pytest.raises(EvidenceRefused, match="million points is not opened"):
        cleaned(png(width=60_000, height=60_000))
    with pytest.raises(EvidenceRefused, match="million points is not opened"):
        cleaned(png(width=8_001, height=8_001))
    bomb = png(width=8_000, height=8_000)  # says more points than its bytes hold
    with pytest.raises(EvidenceRefused, match="damaged"):
        cleaned(bomb)


def test_a_film_keeps_its_offsets_and_loses_its_place() -> None:
    found = cleaned(mp4())
    assert (found.media_type, SECRET in found.data, len(found.data)) == ("video/mp4", False, len(mp4()))
    assert found.data.index(b"mdat") == mp4().index(b"mdat")


def test_text_and_documents() -> None:
    assert cleaned("寄出时完好\n".encode()).media_type == "text/plain"
    found = cleaned(pdf())
    assert found.media_type == "application/pdf" and found == cleaned(pdf()), "the same file is the same file"


def test_a_pdf_keeps_its_pages_and_loses_who_made_it_when_and_with_what_and_where_its_photographs_were_taken() -> None:
    found = cleaned(pdf(earlier=SECRET)).data
    assert SECRET in pdf(earlier=SECRET) and SECRET not in found and b"/Info" not in found
    read = PdfReader(io.BytesIO(found))
    assert len(read.pages) == 2 and read.metadata is None and read.pdf_header == "%PDF-1.7"
    assert [page.extract_text() for page in read.pages] == ["It was whole", ""]
    (photograph,) = read.pages[1].images
    assert photograph.image is not None and photograph.image.size == (64, 48)


def test_a_signed_pdf_stays_as_it_came() -> None:
    signed = pdf().replace(b"/Catalog", b"/Catalog /ByteRange [0 1 2 3]")
    assert cleaned(signed).data == signed


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a\x01\x00\x01\x00", b"PK\x03\x04....", b"\x7fELF\0\0", b"MZ\x90\0", b"<svg>\0</svg>", b"   ",
        b"%PDF-1.7\n1 0 obj\n%%EOF\n", b"%PDF-1.7 /Encrypt %%EOF", b"%PDF-1.7 /OpenAction << /S /JavaScript >> %%EOF", b"%PDF-1.7 and then nothing",
        png(width=60_000, height=60_000), png()[:-25], png().replace(b"IDAT", b"IDAZ"), jpeg()[:40], jpeg()[:-200],
        b"\xff\xd8\xff\xd9", mp4()[:30], box(b"ftyp", b"isom") + box(b"free", b"x"),
        b"a" * (1024 * 1024 + 1),
    ],
)  # fmt: skip
def test_what_is_no_evidence_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        cleaned(data)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([png(), jpeg(3), mp4(), pdf()]), st.data())
def test_a_damaged_file_is_refused_or_read_but_never_breaks(whole: bytes, draw: st.DataObject) -> None:
    broken = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 4))):
        broken[draw.draw(st.integers(0, len(broken) - 1))] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.integers(0, len(broken)))
    with suppress(EvidenceRefused):
        cleaned(bytes(broken[:end]))


@contextmanager
def clamd(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """A port that speaks clamd's INSTREAM."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = server.accept()
        with line, line.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            data = b""
            while size := struct.unpack(">I", stream.read(4))[0]:
                data += stream.read(size)
            line.sendall(answer(data))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
        thread.join(5)


def test_an_upload_is_scanned_where_a_scanner_is_configured() -> None:
    assert scan(b"anything") == ""
    found: list[bytes] = []
    with clamd(lambda data: found.append(data) or b"stream: OK\0") as address, override_settings(CLAMD=address):  # type: ignore[func-returns-value]
        assert scan(b"x" * 200_000) == "clamd"
    assert found == [b"x" * 200_000]
    bad, large = b"stream: Eicar-Test-Signature FOUND\0", b"INSTREAM size limit exceeded. ERROR\0"
    with clamd(lambda _: bad) as address, override_settings(CLAMD=address), pytest.raises(EvidenceRefused):
        scan(b"bad")
    with clamd(lambda _: large) as address, override_settings(CLAMD=address), pytest.raises(ScannerSilent):
        scan(b"big")
    with override_settings(CLAMD=address), pytest.raises(ScannerSilent):
        scan(b"nobody is there")
