"""Every address of the portal, every role, the own shop and another's: as the written matrix says, or it fails."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from safeconduct.kernel.parties.models import MemberRole, Seller
from safeconduct.kernel.scope import staff_scope
from safeconduct.portal import urls
from safeconduct.portal.access import CHOSEN
from safeconduct.portal.rights import roles_by_address
from tests.portal import shops

EVERYONE = frozenset(MemberRole.values)
HANDS = EVERYONE - {"read_only"}  # everybody but who only reads
#: What only shows something, or changes nothing but what is the person's own: every member may.
OPEN = frozenset(
    [
        "home",
        "decisions",
        "decision",
        "proof",
        "money",
        "statement",
        "notices",
        "notices_read",
        "notice",
        "people",
        "member_end",
        "settings",
        "choose_seller",
        "welcome",
        "accounts:security",
        "accounts:forget_browsers",
        "transactions:orders",
        "transactions:order",
        "transactions:proof",
        "transactions:chargebacks",
        "transactions:chargeback",
        "transactions:chargeback_copy",
        "disputes:disputes",
        "disputes:dispute",
        "disputes:proof",
        "disputes:piece",
        "returns:returns",
        "returns:case",
        "returns:return",
        "returns:piece",
    ]
)
#: What acts for the shop: only these.
MATRIX = {
    **dict.fromkeys(OPEN, EVERYONE),
    "second_look": HANDS,
    "invite": {"owner"}, "withdraw": {"owner"}, "member_role": {"owner"},
    "transactions:authorise": {"owner", "finance"}, "transactions:chargeback_accept": {"owner", "finance"},
    "transactions:chargeback_give_up": {"owner", "finance"},
    "transactions:chargeback_stage": {"owner", "finance", "support"},
    "transactions:chargeback_submit": {"owner", "finance", "support"},
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
