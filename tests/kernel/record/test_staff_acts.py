"""What people of the staff do to each other, to orders and to the shop's webhooks has lines in the record."""

from __future__ import annotations

from tests.kernel.builders import person
from tests.kernel.record.builders import NOW, decisions, tamper

from safeconduct.kernel.decisions import labels
from safeconduct.kernel.decisions.models import Decision, LabelKind
from safeconduct.kernel.notices.webhooks import endpoints
from safeconduct.kernel.parties import invitations, staff
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.record.verification import verify
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

LEAD = Actor("usr_li", "lead", "The buyer called")


def lines(kind: str) -> list[str]:
    """What the lines of a kind say openly, in order."""
    while sequencer.sequence(now=NOW):
        pass
    with engine_scope():
        found = query(
            "SELECT convert_from(data, 'utf8')::jsonb FROM record_entry WHERE kind = %s ORDER BY index", [kind]
        )
    return [entry.get("act", "") for (entry,) in found]


def test_what_administrators_do_with_people_is_recorded() -> None:
    administrator, other = person(StaffRole.ADMINISTRATOR), person(StaffRole.ANALYST)
    with staff_scope():
        invitation, _token = invitations.invite("new@example.org", StaffRole.LEAD, administrator, at=NOW)
        invitations.withdraw(invitation.id, administrator, at=NOW)
        staff.change_role(other.id, StaffRole.LEAD, administrator, at=NOW)
        staff.reset_second_factor(other.id, administrator, at=NOW)
        staff.deactivate(other.id, administrator, at=NOW)
        staff.reactivate(other.id, administrator, at=NOW)
    assert lines("security_event") == [
        "staff_invited", "staff_invitation_withdrawn", "role_changed", "factors_reset", "shut_out", "let_in",
    ]  # fmt: skip
    with engine_scope():
        facts = query("SELECT facts FROM security_event WHERE kind = 'role_changed'").fetchone()
    assert facts == ({"to": "lead", "before": "analyst", "by": "administrator"},)
    assert verify().ok


def test_what_a_person_says_of_an_order_is_recorded_once_and_what_events_say_is_not() -> None:
    decisions(1)
    with staff_scope():
        order = Decision.objects.get().order_key
        assert order is not None
        labels.add([(order, LabelKind.ABUSE, "dispute.opened", 1)])
        made = labels.say(order, LabelKind.FRAUD, LEAD)
        assert labels.say(order, LabelKind.FRAUD, LEAD).id == made.id
    assert lines("label") == [""]
    assert verify().ok
    tamper("UPDATE label SET kind = 'good' WHERE id = %s", (made.id,))
    assert {one.code for one in verify().findings} == {"content"}


def test_what_is_done_to_webhooks_is_recorded() -> None:
    with staff_scope():
        endpoint, _secret = endpoints.create("http://127.0.0.1:9/hooks", ["hold.placed"], LEAD, at=NOW)
        endpoints.rotate(endpoint.id, LEAD, at=NOW)
        endpoints.switch_off(endpoint.id, LEAD, at=NOW)
    assert lines("webhook_step") == ["created", "rotated", "off"]
    assert verify().ok
    tamper("UPDATE webhook_step SET actor = 'somebody else' WHERE verb = 'off'")
    assert {one.code for one in verify().findings} == {"content"}
