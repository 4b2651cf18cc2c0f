"""Every address of the portal, every role, the own shop and another's: as the written matrix says, or it fails."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from safeconduct.kernel.parties.models import MemberRole, Seller
from safeconduct.kernel.scope import staff_scope
from safeconduct.portal import urls
from safeconduct.portal.access import CHOSEN
from safeconduct.portal.rights import deeds, roles_by_address
from tests.portal import shops

EVERYONE = frozenset(MemberRole.values)
HANDS = EVERYONE - {"read_only"}  # everybody but who only reads
#: What only shows something, or changes nothing but what is the person's own: every member may.
OPEN = frozenset([
    "home", "decisions", "decision", "proof", "money", "statement", "notices", "notices_read", "notice", "people",
    "member_end", "powers", "settings", "choose_seller", "welcome", "accounts:security", "accounts:forget_browsers", "accounts:ownership",
    "data_security:readings", "data_security:exports", "transactions:orders", "transactions:order",
    "transactions:proof", "transactions:chargebacks", "transactions:chargeback", "transactions:chargeback_copy",
    "transactions:bank_documents", "transactions:warning", "disputes:disputes", "disputes:dispute", "disputes:proof",
    "disputes:piece", "returns:returns", "returns:case", "returns:return", "returns:piece", "data_security:my_data",
    "data_security:my_ask", "data_security:my_withdraw", "data_security:my_archive", "data_security:my_receipt", "disputes:export",
    "returns:export", "case_file",
])  # fmt: skip
MATRIX = {
    **dict.fromkeys(OPEN, EVERYONE),
    "second_look": HANDS, "refer": {"owner", "support", "finance"},
    "invite": {"owner"}, "withdraw": {"owner"}, "member_role": {"owner"},
    "accounts:payout": {"owner", "finance"}, "accounts:payout_cancel": {"owner", "finance"},
    "accounts:apps": {"owner"}, "accounts:app_connect": {"owner"}, "accounts:app_end": {"owner"},
    "accounts:payout_contest": {"owner", "finance"},
    "accounts:payout_add": {"owner"}, "accounts:payout_confirm": {"owner"}, "accounts:payout_use": {"owner"},
    "data_security:recipient": {"owner", "fulfilment"}, "data_security:reveal": {"owner", "fulfilment"},
    "data_security:lease": {"owner", "fulfilment"},
    "data_security:export": HANDS, "data_security:give_right": {"owner"}, "data_security:end_right": {"owner"},
    "member_powers": {"owner"}, "member_until": {"owner"}, "member_sessions": {"owner"},
    "transactions:authorise": {"owner", "finance"}, "transactions:chargeback_accept": {"owner", "finance"},
    "transactions:chargeback_give_up": {"owner", "finance"},
    "transactions:chargeback_stage": {"owner", "finance", "support"},
    "transactions:chargeback_submit": {"owner", "finance", "support"},
    "transactions:chargeback_add": {"owner", "finance", "support"},
    "transactions:bank_documents_keep": {"owner", "finance", "support"},
    "transactions:bank_document_remove": {"owner", "finance", "support"},
    "transactions:chargeback_refund": {"owner", "finance"}, "transactions:warning_refund": {"owner", "finance"},
    "transactions:warning_wait": {"owner", "finance", "support"},
    "disputes:authorisation": {"owner", "support"},
    "disputes:act": {"owner", "support", "fulfilment", "finance"},
    "returns:reimbursement": {"owner", "support", "fulfilment", "finance"},
    "returns:step": {"owner", "support", "fulfilment"}, "returns:address": {"owner", "support", "fulfilment"},
}  # fmt: skip
#: Not behind the door: an invitation's link is its own key.
DOORLESS = {"welcome"}


def addresses() -> dict[str, str]:
    """Name → an address that leads there; what stands in it is nobody's."""
    found = {}
    for name in roles_by_address(urls.urlpatterns):
        for arguments in ([], ["nothing"], ["nothing", "nothing"], [1], ["nothing", 1]):
            try:
                found[name] = reverse(f"portal:{name}", args=arguments)
                break
            except NoReverseMatch:
                continue
    return found


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def test_every_address_stands_in_the_matrix_with_the_roles_its_view_names() -> None:
    named = roles_by_address(urls.urlpatterns)
    assert named == MATRIX, "a new address of the portal needs its line in the matrix, and its view its roles"
    assert set(addresses()) == set(MATRIX)


def test_whatever_only_some_may_do_says_in_plain_words_what_it_is() -> None:
    told = {deed.name: deed for deed in deeds()}
    assert {name for name, roles in MATRIX.items() if roles != EVERYONE} <= set(told)
    assert [name for name, deed in told.items() if not deed.says] == [], "say it: only_for(…, says=…)"
    assert len({str(deed.says) for deed in told.values()}) == len(told)


@pytest.mark.parametrize("role", MemberRole.values)
def test_every_role_is_refused_exactly_where_the_matrix_says_so(role: str) -> None:
    client = shops.signed_in("sel-1", role=MemberRole(role))
    for name, address in addresses().items():
        if name in DOORLESS:
            continue
        refused = client.post(address).status_code == 403
        assert refused == (role not in MATRIX[name]), (role, name, refused)


@pytest.mark.parametrize("role", MemberRole.values)
def test_choosing_anothers_shop_by_hand_opens_nothing_of_it_for_any_role(role: str) -> None:
    with staff_scope():
        foreign = Seller.objects.get(ref="sel-2").key
    client = shops.signed_in("sel-1", role=MemberRole(role))
    session = client.session
    session[CHOSEN] = foreign
    session.save()
    sold = shops.order(seller="sel-2")
    for name, address in addresses().items():
        answer = client.get(address.replace("nothing", sold.decision))
        text = "" if answer.streaming else answer.content.decode()
        assert "Kyoto Teas" not in text and sold.ref not in text, (role, name)


def test_without_signing_in_every_address_leads_to_the_sign_in() -> None:
    for name, address in addresses().items():
        if name not in DOORLESS:
            answer = Client().get(address)
            assert answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/"), name
