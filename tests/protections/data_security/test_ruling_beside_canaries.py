"""Whether a canary came in is heard when the engine decides; a person who rules later must not need to compare it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.kernel.builders import event, live_policy, person, usd

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, lanes
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.scope import staff_scope


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    live_policy()


def test_a_person_rules_on_an_order_that_goes_to_an_address() -> None:
    (made,) = lanes.accept(
        [event(amount=usd(9000), address="Elm Street 4, Springfield", phone="+15551234567")]
    ).decisions
    assert made.action is Action.BLOCK
    with staff_scope():
        actions.override(made.id, person(), Action.ALLOW, "Rang the buyer; it is hers", at=datetime.now(UTC))
        assert Decision.objects.get(standing=True, policy=made.policy).action == "allow"
