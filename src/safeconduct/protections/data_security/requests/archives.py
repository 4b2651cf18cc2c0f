"""The archive somebody is given: a ZIP of JSON files and a manifest with the hash of each; made once, kept sealed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from safeconduct.kernel.vault.sealing import Column, seal, unseal
from safeconduct.protections.data_security.requests.gathering import Gathered
from safeconduct.protections.data_security.requests.models import DataRequest, RequestArchive
from safeconduct.protections.data_security.requests.words import Kind

About = Sequence[Mapping[str, Any]]
#: Version of the form of an archive.
FORM: Final = 1
#: How long an archive can be fetched; afterwards it is asked for again.
GOOD_FOR: Final = timedelta(days=7)
_ARCHIVE: Final = Column("data_request_archive.sealed", "data_request")
_LEFT_OUT: Final[Mapping[str, str]] = {
    "words_of_others": "what others wrote about the same orders: it is theirs",
    "names_of_others": "names of other people are masked or left out",
    "thresholds": "limits of rules against fraud: they would show thieves the way",
    "secrets": "passwords, seeds and keys: they are kept so that nobody can read them",
    "older_rows": "older rows beyond the most that one archive holds: ask again for those before",
}


def make(request: DataRequest, gathered: Gathered, about: About, *, now: datetime) -> RequestArchive:
    """Makes the archive of a request, unsaved. Of an export only what the person gave or caused.

    ``about``: what else the person is to know of the processing. The same values make the same bytes.
    """
    files = {
        f"{name}.json": list(rows)
        for name, rows in gathered.files.items()
        if request.kind == Kind.ACCESS or name in gathered.provided
    }
    written = {name: _json(rows) for name, rows in files.items()}
    if request.kind == Kind.ACCESS:
        written["about.json"] = _json(about)
    manifest = {
        "form": FORM, "request": request.id, "made_at": now.astimezone(UTC).isoformat(),
        "files": [
            {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
             "entries": len(files[name]) if name in files else 1}
            for name, data in sorted(written.items())
        ],
        "left_out": [{"what": code, "why": _LEFT_OUT[code]} for code in gathered.left_out],
    }  # fmt: skip
    data = _zip({"manifest.json": _json(manifest), **written}, now)
    return RequestArchive(
        request=request, sealed=seal(_ARCHIVE, request.id, whose(request.id), data),
        sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), made_at=now, good_until=now + GOOD_FOR,
    )  # fmt: skip


def of_erasure(request: DataRequest, notes: Mapping[str, str], *, now: datetime) -> bytes:
    """What somebody is given whose data was erased: what went, what stays, why, until when, and the signed receipts.

    It names keys by numbers and nobody, and so is made when it is asked for and not kept.
    """
    written = {f"{key}.txt": note.encode() for key, note in notes.items()}
    said = {name: request.statement.get(name, []) for name in ("gone", "kept", "receipts")}
    written["erasure.json"] = _json({"request": request.id, **said})
    manifest = {
        "form": FORM, "request": request.id, "made_at": now.astimezone(UTC).isoformat(),
        "files": [
            {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "entries": 1}
            for name, data in sorted(written.items())
        ],
        "signed_by": "the key of the record, as each receipt names it in its last line",
        "left_out": [],
    }  # fmt: skip
    return _zip({"manifest.json": _json(manifest), **written}, now)


def opened(archive: RequestArchive) -> bytes:
    """The bytes of an archive."""
    return unseal(_ARCHIVE, archive.request_id, whose(archive.request_id), bytes(archive.sealed))


def whose(request_id: str) -> str:
    """The subject of what belongs to a request."""
    return f"data_request/{request_id}"


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _zip(files: Mapping[str, bytes], now: datetime) -> bytes:
    out = io.BytesIO()
    at = now.astimezone(UTC)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()
