"""`safeconduct webhooks`, as an operator uses it while setting up a receiver."""

from __future__ import annotations

import json

from tests.cli.commands import safeconduct
from tests.kernel.notices.receiver import receiving


def test_an_endpoint_is_made_tried_and_read_about() -> None:
    with receiving() as receiver:
        made = safeconduct("webhooks", "add", receiver.url, "--kind", "hold.placed", "--json")
        assert made.returncode == 0, made.stderr
        endpoint = json.loads(made.stdout)
        tried = safeconduct("webhooks", "ping", endpoint["id"], "--json")
        assert tried.returncode == 0, tried.stderr
        delivery = json.loads(tried.stdout)
        assert delivery["state"] == "delivered"
        assert receiver.got[0].verified(endpoint["secret"])["type"] == "webhook.test"
        receiver.answers = 500
        failed = safeconduct("webhooks", "resend", delivery["id"])
        assert failed.returncode == 1
        assert "HTTP 500" in failed.stdout
    log = json.loads(safeconduct("webhooks", "log", endpoint["id"], "--json").stdout)
    assert [(row["id"], row["state"]) for row in log] == [(delivery["id"], "waiting")]
    (listed,) = json.loads(safeconduct("webhooks", "list", "--json").stdout)
    assert (listed["id"], listed["waiting"]) == (endpoint["id"], 1)
    missed = safeconduct("webhooks", "resend", endpoint["id"], "--since", "2026-01-01T00:00:00", "--json")
    assert json.loads(missed.stdout)["messages"] == 0


def test_mistakes_are_told_with_the_way_out() -> None:
    wrong = safeconduct("webhooks", "add", "https://shop.example/", "--kind", "hold.eaten")
    assert wrong.returncode == 1
    assert "hold.placed" in wrong.stderr
    assert safeconduct("webhooks", "ping", "whe_none").returncode == 1
    assert safeconduct("webhooks", "log", "whe_none", "--state", "eaten").returncode == 2
