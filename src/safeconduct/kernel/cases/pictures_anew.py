"""Pictures decoded and encoded anew with Pillow: what is kept of an upload is its points and nothing else.

A file that was made to do harm to whatever opens it does not survive that, nor does anything that hides beside the
picture. A PNG keeps every point; a JPEG is written with its own tables of quantisation, so that it loses about what a
second saving loses. A photograph's turn is carried out, colours of a profile become sRGB.
"""

from __future__ import annotations

import io
from typing import Any, Final

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin

from safeconduct.kernel.cases.errors import EvidenceRefused

#: Points above this are not decoded. The largest photographs of telephones that fit the limit of bytes have 50 million;
#: decoded, 64 million take 192 MB, and as much again while they are turned.
MOST_PIXELS: Final = 64_000_000
#: Used where a JPEG's own tables cannot be, because its points had to be converted.
_QUALITY: Final = 95
#: What PNG can hold, as Pillow names it; anything else becomes red, green and blue.
_PNG_MODES: Final = frozenset({"1", "L", "LA", "I;16", "RGB", "RGBA"})
_SRGB: Final = ImageCms.createProfile("sRGB")


def png_anew(data: bytes) -> bytes:
    """A PNG with the same points. Raises EvidenceRefused."""
    opened, picture = _decoded(data, "PNG")
    if opened.mode == "P" or "transparency" in opened.info:
        picture = picture.convert("RGBA" if "transparency" in opened.info else "RGB")
    elif picture.mode not in _PNG_MODES:
        picture = picture.convert("RGB")
    return _written(picture, "PNG", optimize=False)


def jpeg_anew(data: bytes) -> bytes:
    """A JPEG with the same points, as near as its own tables give them back, turned as its camera says."""
    opened, picture = _decoded(data, "JPEG")
    how: dict[str, Any] = {"quality": _QUALITY, "subsampling": 0}
    if picture.mode == opened.mode and picture.mode in ("L", "RGB"):
        sampling = JpegImagePlugin.get_sampling(opened)
        how = {"qtables": opened.quantization, "subsampling": sampling if sampling >= 0 else 0}  # type: ignore[attr-defined]
    elif picture.mode != "RGB":
        picture = picture.convert("RGB")
    return _written(picture, "JPEG", **how)


def _decoded(data: bytes, kind: str) -> tuple[Image.Image, Image.Image]:
    """The file as Pillow opened it, and its points turned upright and in sRGB."""
    try:
        opened = Image.open(io.BytesIO(data), formats=(kind,))
    except Image.DecompressionBombError:
        raise EvidenceRefused(_too_many()) from None
    except Exception:
        raise EvidenceRefused(_unreadable(kind)) from None
    if not 0 < opened.width * opened.height <= MOST_PIXELS:
        raise EvidenceRefused(_too_many())
    try:
        opened.load()
    except Exception:  # decoders of foreign bytes raise whatever their format's parts make them raise
        raise EvidenceRefused(_unreadable(kind)) from None
    return opened, _in_srgb(_upright(opened), opened.info.get("icc_profile"))


def _upright(opened: Image.Image) -> Image.Image:
    """Turned as its camera says; as it is where what the camera says cannot be read."""
    try:
        return ImageOps.exif_transpose(opened)
    except Exception:
        return opened


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The same colours without a profile; those of a profile that cannot be read stay numbers."""
    if not profile or picture.mode not in ("L", "RGB", "CMYK"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="L" if picture.mode == "L" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if turned is None else turned


def _written(picture: Image.Image, kind: str, **how: Any) -> bytes:
    """The bytes of a picture, of which everything but its points has been taken."""
    bare = picture.copy()
    bare.info.clear()
    into = io.BytesIO()
    try:
        bare.save(into, kind, **how)
    except (OSError, ValueError):
        raise EvidenceRefused(_unreadable(kind)) from None
    return into.getvalue()


def _too_many() -> str:
    told = {"n": MOST_PIXELS // 1_000_000}
    return _("a picture of more than %(n)s million points is not opened; send a smaller one") % told


def _unreadable(kind: str) -> str:
    words = _("this %(kind)s is damaged or ends in the middle, and cannot be opened; save it again, or send another")
    return words % {"kind": kind}
