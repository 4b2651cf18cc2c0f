"""`chargebacks answer`: from a webhook to a pack for the bank, in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.protections.transactions.shop import Shop

from safeconduct.cli import chargeback_answer
from safeconduct.kernel.scope import engine_scope
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute

ANA: dict[str, Any] = {
    "buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "device": "fingerprint-of-ana-0001", "email": "ana@example.org",
    "listing": "lst-1", "avs": "Y", "cvv": "M", "three_ds": "authenticated", "billing_address": "12 Main St",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], **more: Any) -> tuple[int, dict[str, Any]]:
    given: dict[str, Any] = {
        "file": None, "connector": "stripe", "order": None, "code": "visa/10.4", "seller": None, "pdf": None,
        "at_least": 80, "as_json": True,
    }  # fmt: skip
    code = chargeback_answer.answer(**given | more)
    return code, json.loads(capsys.readouterr().out)


def test_a_dispute_of_an_order_becomes_a_pack_that_is_four_fifths_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Shop().sold("o-1", deliver=True, **ANA)
    code, told = run(capsys, order="o-1", pdf=tmp_path / "answer.pdf")
    assert code == 0 and told["percent"] >= 80 and told["complete"] and not told["missing"]
    assert len(told["steps"]) == 4 and told["total_ms"] == sum(step["ms"] for step in told["steps"])
    assert (tmp_path / "answer.pdf").read_bytes().startswith(b"%PDF")
    with engine_scope():
        assert BankAnswer.objects.get().sha256 == told["sha256"]
        assert BankDispute.objects.get().ref == told["ref"] == "dp_o-1"
    again, same = run(capsys, order="o-1")
    assert again == 0 and same["answer"] == told["answer"]


def test_a_code_that_several_complaints_share_is_made_as_the_one_that_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Shop().sold("o-1", deliver=True, **ANA)
    run(capsys, order="o-1", code="mastercard/4853/not_received")
    with engine_scope():
        assert BankDispute.objects.get().code_key == "mastercard/4853/not_received"


def test_an_order_is_disputed_for_one_reason_and_another_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Shop().sold("o-1", deliver=True, **ANA)
    run(capsys, order="o-1")
    with pytest.raises(SystemExit):
        run(capsys, order="o-1", code="visa/13.1")
    assert "there already, about visa/10.4; take another order" in " ".join(capsys.readouterr().err.split())


def test_what_is_not_known_of_the_order_is_said_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    Shop().sold("o-1", buyer="ana", card="card-ana")
    code, told = run(capsys, order="o-1", code="visa/13.1")
    assert code == 1 and not told["complete"] and "proof_of_delivery" in told["open_groups"][0]


def test_a_saved_webhook_is_read_as_the_processor_sent_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Shop().sold("o-1", deliver=True, **ANA)
    item = {
        "eventCode": "NOTIFICATION_OF_CHARGEBACK", "pspReference": "PSP1", "originalReference": "P0",
        "merchantReference": "o-1", "merchantAccountCode": "sel-1", "eventDate": "2026-06-20T10:00:00+00:00",
        "success": "true", "amount": {"value": 10000, "currency": "USD"}, "paymentMethod": "visa",
        "additionalData": {"chargebackReasonCode": "10.4", "defensePeriodEndsAt": "2027-07-10T10:00:00+00:00"},
    }  # fmt: skip
    file = tmp_path / "hook.json"
    file.write_text(json.dumps({"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}))
    assert run(capsys, file=file, connector="adyen", seller="sel-1")[1]["ref"] == "PSP1"
    assert chargeback_answer.answer(
        file, connector="adyen", order=None, code="", seller="sel-1", pdf=None, at_least=0, as_json=False
    ) == 0  # fmt: skip
    assert "% complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "one of them"),
        ({"order": "nobody's"}, "no order"),
        ({"order": "o-1", "code": "visa/99"}, "there is no reason code"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_way_out(
    given: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Shop().sold("o-1", **ANA)
    with pytest.raises(SystemExit):
        run(capsys, **given)
    assert says in " ".join(capsys.readouterr().err.split())
