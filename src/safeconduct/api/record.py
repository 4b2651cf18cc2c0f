"""The record as the public sees it: checkpoint, keys, tiles, proofs, the offline verifier, and a page that explains.

The layout is that of C2SP tlog-tiles, so that witnesses and monitors which know it can follow. Nothing here needs a
session or a key. What cannot change may be kept by caches for good; what can, for seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.views.decorators.http import require_safe

from safeconduct.foundation.merkle.tiles import WIDTH, Tile, bundle, parse_number
from safeconduct.kernel.record import configuration, keys, proving, publishing, store, verify_record
from safeconduct.kernel.record.errors import NotRecorded, RecordBroken
from safeconduct.kernel.scope import engine_scope, visitor_scope

_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_FOR_SECONDS: Final = "public, max-age=5"
_PLAIN: Final = "text/plain; charset=utf-8"
#: Higher levels would need more than 2^64 entries; the layout allows two digits.
_LEVEL: Final = r"(?P<level>[0-9]|[1-5][0-9]|6[0-3])"

View = Callable[..., HttpResponse]


def _public(view: View) -> View:
    """Only reading; what is not there, or does not fit together, is said in a plain line."""

    @require_safe
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotRecorded as problem:
            return _text(f"{problem}\n", _FOR_SECONDS, status=404)
        except RecordBroken:
            return _text("the record does not fit together; its operator has to look at it\n", "no-store", status=503)

    return answered


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What the record is, how to check it, and what it cannot show by itself."""
    with visitor_scope():
        head, chain, seen = store.head(), keys.chain(), publishing.last_seen()
    first_key = str(chain[0].verifier) if chain else ""
    context = {
        "head": head,
        "first_key": first_key,
        "command": f"python3 verify_record.py proof.json --key '{first_key or '…'}'",
        "growth_command": "python3 verify_record.py growth.json --checkpoint proof.json",
        "newest_key": chain[-1].verifier if len(chain) > 1 else None,
        "origin": chain[0].verifier.name if chain else configuration.origin(),
        "seen": [(place, size, at) for place, size, at in seen if place != publishing.FILE],
        "kept_in_file": any(place == publishing.FILE for place, _, _ in seen),
        "entries_public": configuration.entries_are_public(),
    }
    return render(request, "api/record.html", context)


@_public
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint, signed by the log and by the witnesses that saw it."""
    with visitor_scope():
        head = store.head()
        if head is None:
            raise NotRecorded("nothing has been recorded yet")
        return _text(str(publishing.with_witnesses(head)), _FOR_SECONDS)


@_public
def key_chain(request: HttpRequest) -> HttpResponse:
    """All keys, the first first, each with what the one before signed about it."""
    with visitor_scope():
        return _json({"origin": configuration.origin(), "keys": proving.key_chain()}, _FOR_SECONDS)


@_public
def tile(request: HttpRequest, level: str, number: str) -> HttpResponse:
    """A tile of hashes, full or partial."""
    with visitor_scope():
        wanted = _within(int(level), number)
        return _bytes(store.tile(wanted))


@_public
def entries(request: HttpRequest, number: str) -> HttpResponse:
    """Entries, each after its length in two bytes, where the operator publishes them."""
    if not configuration.entries_are_public():
        raise NotRecorded("this operator publishes the hashes of entries only")
    with visitor_scope():
        wanted = _within(0, number)
        start = wanted.number * WIDTH
        return _bytes(bundle(store.entries(start, start + wanted.width)))


@_public
def growth(request: HttpRequest, size: str) -> HttpResponse:
    """The proof that the record only grew since the checkpoint of this size, as a file for `verify_record.py`."""
    with visitor_scope():
        return _file(proving.proof_of_growth(int(size)), f"growth-since-{size}.json")


@_public
def proof(request: HttpRequest, about: str) -> HttpResponse:
    """The proof of a line, by its number or by the id it is about (the newest; ``kind`` chooses among several).

    Its content is in it only where that is public; sellers get theirs in the portal.
    """
    if not configuration.entries_are_public():
        raise NotRecorded("this operator publishes the hashes of entries only")
    kind = request.GET.get("kind", "")
    with engine_scope():
        if about.isdecimal():
            index = int(about)
        else:
            found = [entry.index for entry in store.entries_about(about) if kind in ("", entry.kind)]
            if not found:
                raise NotRecorded("the record has no such entry yet")
            index = found[-1]
        return _file(proving.public_proof(index), f"proof-{index}.json")


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The offline verifier: one file, to be read and run."""
    return HttpResponse(
        _script(),
        content_type="text/x-python; charset=utf-8",
        headers={
            "Cache-Control": "public, max-age=300",
            "Content-Disposition": 'attachment; filename="verify_record.py"',
        },
    )


@lru_cache(maxsize=1)
def _script() -> bytes:
    return Path(verify_record.__file__).read_bytes()


def _within(level: int, number: str) -> Tile:
    """The tile that a path names. Raises NotRecorded where no checkpoint covers it."""
    parsed, head = parse_number(number), store.head()
    if parsed is None or head is None:
        raise NotRecorded("there is no such tile")
    wanted = Tile(level, *parsed)
    if (wanted.number * WIDTH + wanted.width) << (8 * level) > head.size:
        raise NotRecorded("the record is not that large yet")
    return wanted


def _text(text: str, cache: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, content_type=_PLAIN, status=status, headers={"Cache-Control": cache})


def _bytes(data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type="application/octet-stream", headers={"Cache-Control": _FOR_GOOD})


def _json(value: dict[str, Any], cache: str) -> HttpResponse:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/json", headers={"Cache-Control": cache})


def _file(value: dict[str, Any], name: str) -> HttpResponse:
    response = _json(value, _FOR_SECONDS)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


app_name = "record"
urlpatterns = [
    path("", page, name="page"),
    path("checkpoint", checkpoint, name="checkpoint"),
    path("keys", key_chain, name="keys"),
    path("verify_record.py", verifier, name="verifier"),
    re_path(r"^tile/entries/(?P<number>[x0-9/.p]{1,60})$", entries, name="entries"),
    re_path(rf"^tile/{_LEVEL}/(?P<number>[x0-9/.p]{{1,60}})$", tile, name="tile"),
    re_path(r"^consistency/(?P<size>[0-9]{1,18})$", growth, name="growth"),
    re_path(r"^proof/(?P<about>[0-9]{1,18}|[a-z][a-z0-9_-]{1,39})$", proof, name="proof"),
]
