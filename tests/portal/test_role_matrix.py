"""What the portal says about its own rights is what the written table says (docs/roles.md, tests/roles)."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, reverse

from safeconduct.kernel.parties.models import MemberRole, Seller
from safeconduct.kernel.scope import staff_scope
from safeconduct.portal import urls
from safeconduct.portal.access import CHOSEN
from safeconduct.portal.rights import deeds, roles_by_address
from tests.portal import shops
from tests.roles import table

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
    """What a page says that somebody could do (`portal.rights`) is what the table says."""
    roles, found = roles_by_address(urls.urlpatterns), addresses()
    assert set(found) == set(roles)
    assert {rule.filled(): rule.may for rule in table.portal()} == {
        found[name]: may for name, may in roles.items() if name not in DOORLESS
    }


def test_whatever_only_some_may_do_says_in_plain_words_what_it_is() -> None:
    told = {deed.name: deed for deed in deeds()}
    for_some = {name for name, roles in roles_by_address(urls.urlpatterns).items() if roles != set(MemberRole)}
    assert for_some <= set(told)
    assert [name for name, deed in told.items() if not deed.says] == [], "say it: only_for(…, says=…)"
    assert len({str(deed.says) for deed in told.values()}) == len(told)


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
