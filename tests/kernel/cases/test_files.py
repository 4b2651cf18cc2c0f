"""What can be evidence, and what of a file is not kept."""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

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


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def exif(orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return segment(0xE1, b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + struct.pack("<I", 0) + SECRET)


def jpeg(*extra: bytes) -> bytes:
    frame = segment(0xC2, struct.pack(">BHHB", 8, 4, 4, 1) + b"\1\x11\0")
    table = segment(0xC4, b"\0\xff\xd9\0")  # a table that looks like an end
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0") + b"".join(extra) + frame + scan + table + scan + b"\xff\xd9"


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), kind) + data


def mp4() -> bytes:
    trak = box(b"trak", box(b"tkhd", b"1234") + box(b"meta", SECRET))
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", trak + box(b"udta", SECRET)) + box(b"mdat", b"pixels")


def test_a_photograph_keeps_its_picture_and_its_turn_and_loses_where_it_was_taken() -> None:
    found = cleaned(jpeg(exif(6), segment(0xFE, SECRET), segment(0xE2, SECRET)) + SECRET)
    assert found.media_type == "image/jpeg"
    assert SECRET not in found.data
    assert found.data.endswith(b"\xff\xd9")
    assert found.data.count(b"\x12\xff\x00\x34") == 2
    assert b"Exif\0\0MM\0\x2a" in found.data
    assert cleaned(found.data).data == found.data
    assert b"Exif" not in cleaned(jpeg(exif(1))).data


def test_a_png_loses_its_texts_and_what_hangs_on_behind() -> None:
    found = cleaned(png(chunk(b"tEXt", SECRET), chunk(b"eXIf", SECRET)) + b"PK\x03\x04" + SECRET)
    assert (found.media_type, found.data) == ("image/png", png())


def test_a_film_keeps_its_offsets_and_loses_its_place() -> None:
    found = cleaned(mp4())
    assert (found.media_type, SECRET in found.data, len(found.data)) == ("video/mp4", False, len(mp4()))
    assert found.data.index(b"mdat") == mp4().index(b"mdat")


def test_text_and_documents() -> None:
    assert cleaned("寄出时完好\n".encode()).media_type == "text/plain"
    assert cleaned(b"%PDF-1.7\n1 0 obj\n%%EOF\n").media_type == "application/pdf"


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a\x01\x00\x01\x00", b"PK\x03\x04....", b"\x7fELF\0\0", b"MZ\x90\0", b"<svg>\0</svg>", b"   ",
        b"%PDF-1.7 /Encrypt %%EOF", b"%PDF-1.7 /OpenAction << /S /JavaScript >> %%EOF", b"%PDF-1.7 and then nothing",
        png(width=60_000, height=60_000), png()[:-20], png().replace(b"IDAT", b"IDAZ"), jpeg()[:40], jpeg()[:-2],
        b"\xff\xd8\xff\xd9", mp4()[:30], box(b"ftyp", b"isom") + box(b"free", b"x"),
        b"a" * (1024 * 1024 + 1),
    ],
)  # fmt: skip
def test_what_is_no_evidence_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        cleaned(data)


@given(st.sampled_from([png(), jpeg(exif(3)), mp4()]), st.data())
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
