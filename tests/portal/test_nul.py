"""A NUL in an address, a question or a form: nobody types one, and it breaks nothing."""

from __future__ import annotations

import pytest

from safeconduct.kernel.parties.models import StaffRole
from tests.console.test_console import signed_in as staff_signed_in
from tests.portal import shops


@pytest.mark.parametrize(
    "address", ["/console/?assigned=%00", "/console/cases/?country=a%00", "/console/sellers/?q=%00", "/console/sellers/%00/"]
)  # fmt: skip
def test_the_console_says_that_it_could_not_read_it(address: str) -> None:
    client, _ = staff_signed_in(StaffRole.LEAD)
    answer = client.get(address)
    assert answer.status_code == 400 and "We could not read that request" in answer.content.decode()


def test_a_form_with_a_nul_changes_nothing() -> None:
    shops.open_for_business()
    client = shops.signed_in("sel-1")
    assert client.get("/portal/accounts/?before=%00").status_code == 400
    for form in ({"email": "a@example.org", "role": "finance\0"}, {"email\0": "a@example.org"}):
        assert client.post("/portal/people/invite/", form).status_code == 400
    assert client.get("/portal/accounts/?before=").status_code == 200


def test_a_number_that_nothing_reads_is_said_to_be_none() -> None:
    shops.open_for_business()
    client = shops.signed_in("sel-1")
    assert client.post("/accounts/2fa/webauthn/login/", {"credential": "9" * 5000}).status_code == 400
    assert client.get("/portal/accounts/?before=" + "9" * 5000).status_code == 400
    assert client.get(f"/portal/data_security/orders/{'9' * 30}/").status_code == 404
