"""Policies: read, check, and hand in drafts. Publishing stays with people, two of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.api.examples import POLICY_TEXT
from safeconduct.api.policy_documents import DraftSaved, DraftSent, PolicyChecked, PolicyPage, PolicySent, VersionFound
from safeconduct.api.staff import person_behind
from safeconduct.foundation.ids import is_id
from safeconduct.foundation.policy.diagnostics import Diagnostic
from safeconduct.kernel.decisions import policies
from safeconduct.kernel.decisions.errors import PolicyNameDiffers
from safeconduct.kernel.decisions.models import PolicyVersion
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import PageAsked
from safeconduct.kernel.operations.problems import Code, invalid, not_found
from safeconduct.kernel.parties.models import StaffRole

operations = Operations("policies")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,79}")
_FINDING = {
    "line": 5, "column": 11, "end_column": 17, "severity": "error", "code": "unknown-name",
    "message": "there is no field or feature `amuont`", "hint": "did you mean `amount`?",
}  # fmt: skip
_VERSION = {
    "id": "pol_01jy2d8m4kq5v6w7x8y9zabcde", "policy": "order-risk", "number": 3, "state": "live", "revision": 1,
    "note": "", "rollout_percent": 100, "created_at": "2026-06-01T12:00:00Z", "published_at": "2026-06-02T09:00:00Z",
    "retired_at": None, "text": POLICY_TEXT,
}  # fmt: skip


@operation(
    operations, "GET", "/policies", scope=Scope.POLICIES_READ, answer=PolicyPage,
    example={
        "items": [{"policy": "order-risk", "live": 3, "challenger": None, "shadow": [4], "latest": 5}], "next": None,
    },
    problems=(Code.INVALID,),
)  # fmt: skip
def list_policies(request: Call, asked: Query[PageAsked]) -> HttpResponse:
    """List the policies, by name, with the versions that run."""
    after = parts_of(asked.cursor, 1)[0] if asked.cursor is not None else ""
    rows = answers.read(
        "SELECT policy, min(number) FILTER (WHERE state = 'live') AS live,"
        " min(number) FILTER (WHERE state = 'challenger') AS challenger,"
        " coalesce(array_agg(number ORDER BY number) FILTER (WHERE state = 'shadow'), '{}') AS shadow,"
        " max(number) AS latest FROM policy_version WHERE policy > %s GROUP BY policy ORDER BY policy LIMIT %s",
        [after, asked.limit + 1],
    )
    page = rows[: asked.limit]
    return answers.respond({"items": page, "next": cursor_of(page[-1]["policy"]) if len(rows) > asked.limit else None})


@operation(
    operations, "GET", "/policies/{name}/versions/{number}", scope=Scope.POLICIES_READ, answer=VersionFound,
    example=_VERSION, problems=(Code.NOT_FOUND, Code.INVALID),
)  # fmt: skip
def get_policy_version(request: Call, name: str, number: int) -> HttpResponse:
    """Read one version of a policy, with its text."""
    fits = "\x00" not in name and 0 < number < 2**31
    version = PolicyVersion.objects.filter(policy=name, number=number).first() if fits else None
    if version is None:
        raise not_found("version", f"{number} of {name}")
    document = {
        field: getattr(version, field)
        for field in (
            "id", "policy", "number", "state", "revision", "note", "rollout_percent", "created_at", "published_at",
            "retired_at", "text",
        )
    }  # fmt: skip
    return answers.respond(document)


@operation(
    operations, "POST", "/policies/check", scope=Scope.POLICIES_READ, answer=PolicyChecked,
    example={"ok": False, "policy": None, "diagnostics": [_FINDING]}, sends={"text": POLICY_TEXT},
)  # fmt: skip
def check_policy(request: Call, sent: PolicySent) -> HttpResponse:
    """Check the text of a policy against the catalogue and the lists of this marketplace.

    Nothing is stored.
    """
    reading = policies.check(sent.text)
    return answers.respond({
        "ok": reading.policy is not None, "policy": reading.policy.name if reading.policy else None,
        "diagnostics": _findings(reading.diagnostics),
    })  # fmt: skip


@operation(
    operations, "POST", "/policies/{name}/drafts", scope=Scope.POLICIES_WRITE, answer=DraftSaved, status=201,
    example={
        "id": "pol_01jy2d8m4kq5v6w7x8y9zabcde", "policy": "order-risk", "number": 4, "revision": 1, "state": "draft",
        "ok": True, "diagnostics": [],
    },
    sends={"text": POLICY_TEXT, "note": "Lower limit before the holidays", "person": "mei@example.org"},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.FORBIDDEN),
)  # fmt: skip
def save_draft(request: Call, name: str, sent: DraftSent) -> HttpResponse:
    """Hand in a draft, or change one.

    A text with errors is kept as a draft and can go no further. Publishing needs a second person, in the console.
    """
    if not _NAME.fullmatch(name):
        raise invalid("name", "small letters, digits and hyphens, beginning with a letter; at most 80")
    author = person_behind(request.caller, sent.person)
    if not author.may(StaffRole.ANALYST):
        raise invalid("person", "the author must be an analyst or more")
    reading = policies.check(sent.text)
    if reading.policy is not None and reading.policy.name != name:
        raise PolicyNameDiffers(name, reading.policy.name)
    if sent.draft is not None:
        if not is_id(sent.draft, "pol") or not PolicyVersion.objects.filter(id=sent.draft, policy=name).exists():
            raise not_found(f"draft of {name}", sent.draft)
    note = f"{sent.note} (through {request.caller.key_id})".strip()
    version = policies.save_draft(
        author, name, sent.text, at=datetime.now(UTC), note=note, draft_id=sent.draft, revision=sent.revision
    )
    document = {
        "id": version.id, "policy": version.policy, "number": version.number, "revision": version.revision,
        "state": str(version.state), "ok": reading.policy is not None, "diagnostics": _findings(reading.diagnostics),
    }  # fmt: skip
    return answers.respond(document, status=201)


def _findings(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.as_json("").items() if key != "file"} for one in found]
