"""Each face under a name of its own, told apart by the header Host alone."""

from __future__ import annotations

import pytest
import tests.django_world as world
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.disputes.people import sold

from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.faces import Face, answers
from safeconduct.kernel.notices.letters import site
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import owner_scope, query, staff_scope
from safeconduct.protections.disputes.models import Dispute

HOSTS = {"portal": "shop.test", "console": "staff.test", "api": "api.test", "files": "files.test"}
apart = override_settings(FACES=HOSTS, ALLOWED_HOSTS=["testserver", *HOSTS.values()])
pytestmark = pytest.mark.usefixtures("a_marketplace")


@pytest.fixture
def a_marketplace() -> None:
    world.forget_everything()
    shops.open_for_business()


def status(path: str, host: str) -> int:
    return Client().get(path, headers={"host": host}).status_code


@apart
@pytest.mark.parametrize(
    ("path", "portal", "console", "api", "files"),
    [
        ("/portal/", 302, 302, 404, 404),
        ("/console/", 404, 302, 404, 404),
        ("/accounts/login/", 200, 200, 404, 404),
        ("/record/", 200, 404, 404, 404),
        ("/v1/decisions", 404, 404, 401, 404),
        ("/v1/docs", 404, 404, 200, 404),
        ("/healthz", 200, 200, 200, 200),
        ("/", 302, 302, 404, 404),
        ("/files/nothing/", 404, 404, 404, 404),
        ("/returns/forged/", 404, 404, 404, 404),
    ],
)
def test_a_host_answers_what_is_its_faces_and_nothing_else(
    path: str, portal: int, console: int, api: int, files: int
) -> None:
    found = [status(path, host) for host in HOSTS.values()]
    assert found == [portal, console, api, files]
    assert status(path, "evil.test") == 400, "a name that is not ours"


def test_without_names_every_face_answers_under_one() -> None:
    for path in ("/portal/", "/console/", "/accounts/login/", "/record/", "/v1/docs", "/healthz"):
        assert status(path, "testserver") in (200, 302), path


def test_every_address_belongs_to_a_face() -> None:
    for path in ("/portal/x/", "/console/", "/v1", "/v1/events", "/files/x/", "/record/checkpoint", "/message/"):
        assert [face for face in Face if answers(face, path)], path


@apart
def test_staff_and_sellers_are_led_to_their_own_name_and_a_seller_finds_no_shop_under_the_staffs() -> None:
    staff = Client()
    staff.force_login(person(StaffRole.LEAD))
    assert staff.get("/", headers={"host": "shop.test"}).headers["Location"] == "http://staff.test/console/"
    seller = shops.signed_in()
    assert seller.get("/portal/", headers={"host": "shop.test"}).status_code == 200
    strayed = seller.get("/portal/money/", headers={"host": "staff.test"})
    assert strayed.headers["Location"] == "http://shop.test/portal/money/"
    assert site("/console/cases/") == "http://staff.test" and site("/portal/") == "http://shop.test"


@apart
def test_an_invitation_made_by_the_shop_leads_to_the_shops_name() -> None:
    page = shops.signed_in().post(
        "/portal/people/invite/", {"email": "ana@example.org", "role": "finance"}, headers={"host": "shop.test"}
    )
    assert b"http://shop.test/portal/welcome/" in page.content


@apart
def test_a_file_is_handed_out_once_where_no_cookie_of_ours_goes() -> None:
    world.forget_everything()
    order = sold()
    buyer, here = Client(headers={"host": "shop.test"}), f"/disputes/{token_of(order.key)}/"
    buyer.post(f"{here}open/", {"type": "not_received", "asked": "refund", "words": "It never came."})
    with staff_scope():
        number = Dispute.objects.get().number
    given = {"kind": "buyer_statement", "gist": "x", "file": SimpleUploadedFile("d.txt", b"<script>1</script>")}
    buyer.post(f"{here}{number}/evidence/", given)
    with staff_scope():
        piece = Evidence.objects.latest("id")
    led = buyer.get(f"{here}{number}/evidence/{piece.id}/", follow=False)
    led = buyer.get(led.headers["Location"])  # the link's token has left the address
    where = led.headers["Location"]
    assert led.status_code == 303 and where.startswith("http://files.test/files/") and piece.id not in where
    path = where.removeprefix("http://files.test")
    stranger = Client(headers={"host": "files.test"})
    file = stranger.get(path)
    assert b"".join(file.streaming_content) == b"<script>1</script>"  # type: ignore[attr-defined]
    assert (
        file.headers["Content-Disposition"].startswith("attachment")
        and "sandbox" in file.headers["Content-Security-Policy"]
    )
    assert not file.cookies
    assert stranger.get(path).status_code == 404, "once"
    late = buyer.get(buyer.get(f"{here}{number}/evidence/{piece.id}/").headers["Location"]).headers["Location"]
    with owner_scope():
        query("UPDATE shared_cache SET expires_at = now() - interval '1 second'")
    assert stranger.get(late.removeprefix("http://files.test")).status_code == 404, "and for a minute"
