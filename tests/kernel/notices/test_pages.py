"""What docs/webhooks.md and docs/notices.md say is so: receivers build on it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.kernel.builders import START

from safeconduct.kernel.notices.errors import NoticeMalformed
from safeconduct.kernel.notices.kinds import CATALOGUE, MessageKind, Told
from safeconduct.kernel.notices.outbox import Message, publish
from safeconduct.kernel.notices.texts import texts
from safeconduct.kernel.notices.webhooks import reference
from safeconduct.kernel.scope import engine_scope

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "webhooks.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert reference.page() == PAGE, "run `python -m safeconduct.kernel.notices.webhooks.reference docs/webhooks.md`"


def test_its_python_verifies_its_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Webhook, "_Webhook__verify_timestamp", lambda _self, text: START.fromtimestamp(int(text), START.tzinfo)
    )
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len([line for line in code.splitlines() if line]) <= 5
    scope: dict[str, Any] = {}
    exec(code, scope)
    block = re.search(r"```\nPOST .*?\n(.*?)\n\n(.*?)\n```", PAGE, re.S)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]{20,}", PAGE)
    assert block is not None
    assert secret is not None
    headers = dict(line.split(": ", 1) for line in block[1].splitlines())
    assert scope["receive"](block[2].encode(), headers, secret[0])["type"] == "hold.placed"


@pytest.mark.parametrize("kind", MessageKind)
def test_every_kind_is_declared_with_an_example_that_fits(kind: MessageKind) -> None:
    told = CATALOGUE[kind]
    assert told.problem(told.example) == ""
    schema = told.schema()
    assert set(schema["required"]) <= told.example.keys() <= schema["properties"].keys()
    assert json.dumps(schema, ensure_ascii=False) in PAGE


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"amount": 9900}, "amount must be money"),
        ({"amount": {"minor": 99.0, "currency": "USD"}}, "amount must be money"),
        ({"buyer": "ana@example.org"}, "it carries no buyer"),
        ({"hold": None}, "hold is missing"),
        ({"release_at": "2026-06-01T12:00:00"}, "release_at must be time"),
        ({"reason": 7}, "reason must be text"),
    ],
)
def test_what_a_kind_does_not_declare_is_not_published(change: dict[str, Any], problem: str) -> None:
    data = {**CATALOGUE[MessageKind.HOLD_PLACED].example, **change}
    with engine_scope(), pytest.raises(NoticeMalformed, match=problem):
        publish([Message("hold/1/placed", MessageKind.HOLD_PLACED, data, START)])


def test_nothing_in_any_kind_names_a_person() -> None:
    names = {name for told in CATALOGUE.values() if isinstance(told, Told) for name in told.fields}
    assert not names & {"buyer", "email", "phone", "address", "name", "ip", "device", "card"}


def test_the_table_of_texts_is_complete_and_right() -> None:
    page = (DOCS / "notices.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"\| `([a-z_.]+)` \| .*? \| (now|soon|digest) \|", page))
    assert rows == {code: text.urgency.value for code, text in texts().items()}
