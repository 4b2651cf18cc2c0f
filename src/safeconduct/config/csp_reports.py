"""What browsers report about the content security policy: which page, which rule, whose content. A fault of ours shows
here, and an injection that was stopped.

A report is written by a stranger's browser, so little of it is believed: the name of our page, the name of the rule,
the host of what was stopped. Nothing else of it is kept: addresses with what stands in them, pieces of script and
referrers may say something about a person. Each finding is a line of the log once an hour.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from safeconduct.config.rates import network_of
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.shared_cache import count

logger = logging.getLogger("safeconduct.security")
_MEDIA: Final = frozenset({"application/csp-report", "application/reports+json", "application/json"})
_LARGEST: Final = 16 * 1024
_MOST_IN_ONE: Final = 10
#: Of one network and of all, in a minute: a policy that is broken everywhere needs no more to be seen.
_OF_NETWORK: Final = 30
_OF_ALL: Final = 300
_HOUR_S: Final = 3600
_RULE: Final = re.compile(r"[a-z-]{3,40}")
_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}")
_WORDS: Final = frozenset({"inline", "eval", "data", "blob", "wasm-eval", "self"})


@csrf_exempt
@require_POST
def csp_reports(request: HttpRequest) -> HttpResponse:
    """Takes a report in either form (CSP level 3: `report-uri`, `report-to`). What is too large, too much or none is
    dropped, with the same answer: nobody waits for it."""
    done = HttpResponse(status=204)
    if request.content_type not in _MEDIA or int(request.headers.get("Content-Length") or 0) > _LARGEST:
        return done
    network = network_of(origin_of_request(request).address)
    if count(f"csp/{network}", 60)[0] > _OF_NETWORK or count("csp", 60)[0] > _OF_ALL:
        return done
    for page, rule, stopped in _findings(request.body[:_LARGEST]):
        if cache.add(f"csp/{page}/{rule}/{stopped}", "y", _HOUR_S):
            logger.warning("content was stopped", extra={"facts": {"page": page, "rule": rule, "stopped": stopped}})
    return done


def _findings(body: bytes) -> Iterator[tuple[str, str, str]]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in (told if isinstance(told, list) else [told])[:_MOST_IN_ONE]:
        report = one.get("csp-report", one.get("body")) if isinstance(one, Mapping) else None
        if not isinstance(report, Mapping):
            continue
        rule = _text(report, "effective-directive", "effectiveDirective", "violated-directive").split(" ")[0]
        if _RULE.fullmatch(rule):
            yield (
                _page(_text(report, "document-uri", "documentURL")), rule,
                _stopped(_text(report, "blocked-uri", "blockedURL")),
            )  # fmt: skip


def _text(report: Mapping[str, Any], *names: str) -> str:
    return next((str(report[name])[:2000] for name in names if isinstance(report.get(name), str)), "")


def _page(address: str) -> str:
    """The name of a page of ours; what stands in its address is left out."""
    try:
        return resolve(urlsplit(address).path).view_name
    except (Resolver404, ValueError):
        return "unknown"


def _stopped(address: str) -> str:
    """A keyword of the policy, or the host of an address."""
    if address in _WORDS:
        return address
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    return host if _HOST.fullmatch(host) else "other"
