"""The reference is whole, true and up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from ninja import Schema

from safeconduct.api import reference
from safeconduct.api.events import ENVELOPE
from safeconduct.kernel.events.envelope import Incoming, read_envelope

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_in_docs_is_up_to_date() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page == reference.markdown(), "run `python -m safeconduct.api.reference docs/api.md`"


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in reference.specification()["paths"].items()
        for method, operation in methods.items()
    ]


def document(reference_: str) -> Any:
    """The class of a document, by its reference."""
    name = reference_.rpartition("/")[2]
    (found,) = {kind for kind in documents_below(Schema) if kind.__name__ == name}
    return found


def documents_below(base: type[Schema]) -> set[type[Schema]]:
    return {kind for child in base.__subclasses__() for kind in (child, *documents_below(child))}


@pytest.mark.parametrize(("name", "operation"), operations(), ids=[name for name, _ in operations()])
def test_every_operation_has_examples_that_its_schemas_accept(name: str, operation: dict[str, Any]) -> None:
    good = next(answer for status, answer in operation["responses"].items() if int(status) < 400)
    content = good["content"]["application/json"]
    document(content["schema"]["$ref"]).model_validate(content["example"])
    if "requestBody" in operation:
        sent = operation["requestBody"]["content"]["application/json"]
        shape = document(sent["schema"]["$ref"]) if "$ref" in sent["schema"] else None
        assert sent["example"] or (shape is not None and not shape.model_fields), name
        if shape is not None:
            shape.model_validate(sent["example"])
    assert operation["summary"] and operation["tags"], name


def test_the_example_event_is_a_good_event() -> None:
    sent = reference.specification()["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    assert sent["schema"] == ENVELOPE
    assert isinstance(read_envelope(sent["example"]), Incoming)


def test_every_reference_inside_the_specification_leads_somewhere() -> None:
    text = json.dumps(reference.specification())
    known = reference.specification()["components"]["schemas"]
    used = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert used <= set(known) and "Problem" in used


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = Client().get("/v1/docs").content.decode()
    assert "POST /v1/events" in page and "problem-rate-limited" in page
    assert not re.search(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?:https?:)?//""", page)
    assert " style=" not in page and "onclick" not in page
    assert Client().get("/v1/openapi.json").json()["openapi"].startswith("3.1")
