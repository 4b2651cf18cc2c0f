"""The protection of orders: whether one is covered, on which conditions, and what is still to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.cursors import cursor_of, number_of, parts_of
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, invalid, not_found
from safeconduct.kernel.vault.pseudonyms import lookup, reveal
from safeconduct.protections.transactions.coverage.api_documents import (
    COVERAGE_FOUND,
    COVERAGE_LISTED,
    CoverageAsked,
    CoverageFound,
    CoveragePage,
)
from safeconduct.protections.transactions.coverage.certificate import Certificate, from_json
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.telling import reason_says
from safeconduct.protections.transactions.versions import parsed

operations = Operations("coverage")
_SELECT = (
    "SELECT c.order_key, c.seller_key, c.order_ref, c.state, c.up_to_minor, c.pays_minor, c.advance_minor, c.currency,"
    " c.placed_at, c.ship_by_at, c.shipped_at, c.delivered_at, c.changed_at"
)


@operation(
    operations, "GET", "/coverage", scope=Scope.COVERAGE_READ, answer=CoveragePage,
    example={"items": [COVERAGE_LISTED], "next": None}, problems=(Code.INVALID,), for_apps=True,
)  # fmt: skip
def list_coverage(request: Call, asked: Query[CoverageAsked]) -> HttpResponse:
    """List the protection of a seller's orders, newest first."""
    seller = lookup("seller", asked.seller)
    if seller is None:
        return answers.respond({"items": [], "next": None})
    conditions = ["c.seller_key = %s"]
    parameters: list[Any] = [seller]
    if asked.state is not None:
        conditions.append("c.state = %s")
        parameters.append(asked.state.value)
    if asked.cursor is not None:
        at, order = parts_of(asked.cursor, 2)
        conditions.append("(c.placed_at, c.order_key) < (%s, %s)")
        parameters += [_time(at), number_of(order)]
    rows = answers.read(
        f"{_SELECT} FROM coverage c WHERE {' AND '.join(conditions)}"
        " ORDER BY c.placed_at DESC, c.order_key DESC LIMIT %s",
        [*parameters, asked.limit + 1],
    )
    page = rows[: asked.limit]
    more = len(rows) > asked.limit
    after = cursor_of(page[-1]["placed_at"].astimezone(UTC).isoformat(), page[-1]["order_key"]) if more else None
    return answers.respond({"items": _listed(page), "next": after})


@operation(
    operations, "GET", "/coverage/{path:order}", scope=Scope.COVERAGE_READ, answer=CoverageFound,
    example=COVERAGE_FOUND, problems=(Code.NOT_FOUND,), speaks=True, for_apps=True,
)  # fmt: skip
def get_coverage(request: Call, order: str) -> HttpResponse:
    """Read how one order is protected, by the shop's id of the order.

    Its conditions, each with its term, and how it stands against each cause. The protection is a promise of the
    marketplace up to an amount, if the conditions are met, until a day; it is no insurance.
    """
    language = answers.language_of(request)
    key = lookup("order", order) if 0 < len(order) <= 2000 and "\x00" not in order else None
    rows = [] if key is None else answers.read(
        f"{_SELECT}, c.certificate, t.text, t.name, t.number FROM coverage c"
        " JOIN coverage_template t ON t.id = c.template_id WHERE c.order_key = %s",
        [key],
    )  # fmt: skip
    if not rows:
        raise not_found("order under protection", order[:100])
    row = rows[0]
    certificate, template = from_json(row["certificate"]), parsed(row["text"])
    found = _listed(rows)[0] | {
        "until": None if certificate.until_us is None else answers.written(at_micros(certificate.until_us)),
        "causes": _causes(certificate, template, row["currency"], language),
        "conditions": _conditions(certificate, template, language),
        "template": row["name"], "template_version": row["number"],
    }  # fmt: skip
    return answers.respond(found, language=language)


def _listed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = reveal({row["seller_key"] for row in rows})
    return [
        {
            "order": row["order_ref"], "seller": names[row["seller_key"]][1] if row["seller_key"] in names else None,
            "state": row["state"], "up_to": _money(row["up_to_minor"], row["currency"]),
            "pays": _money(row["pays_minor"], row["currency"]),
            "pays_for_now": _money(row["advance_minor"], row["currency"]),
            "placed_at": answers.written(row["placed_at"]),
            "ship_by": answers.written(row["ship_by_at"]), "shipped_at": answers.written(row["shipped_at"]),
            "delivered_at": answers.written(row["delivered_at"]), "changed_at": answers.written(row["changed_at"]),
        }
        for row in rows
    ]  # fmt: skip


def _causes(certificate: Certificate, template: Template, currency: str, language: str) -> list[dict[str, Any]]:
    return [
        {
            "cause": cause.value, "state": position.state.value, "reason": position.reason or None,
            "says": reason_says(template, position.reason, language), "pays": _money(position.pays_minor, currency),
        }
        for cause, position in certificate.positions.items()
    ]  # fmt: skip


def _conditions(certificate: Certificate, template: Template, language: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "standing": result.standing.value, "says": template.conditions[name].says[language],
            "do": template.conditions[name].do[language], "since": _at(result.at_us), "due_at": _at(result.deadline_us),
        }
        for name, result in certificate.conditions.items()
    ]  # fmt: skip


def _at(at_us: int | None) -> str | None:
    return None if at_us is None else answers.written(at_micros(at_us))


def _money(minor: int | None, currency: str) -> dict[str, Any] | None:
    return None if minor is None else {"minor": minor, "currency": currency}


def _time(part: str) -> datetime:
    try:
        found = datetime.fromisoformat(part)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise invalid("cursor", "this is no cursor; use `next` of the page before")
    return found
