"""Two people claim a shop: what waits, who decides, and what a stranger's form does not do."""

from __future__ import annotations

import re
from datetime import timedelta

import psycopg
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import members, ownership
from safeconduct.kernel.parties.errors import OwnersFrozen, OwnershipRefused
from safeconduct.kernel.parties.freezing import is_frozen
from safeconduct.kernel.parties.models import MemberRole, OwnershipClaim, OwnershipWord, StaffRole, User
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope
from safeconduct.protections.accounts.models import OwnershipPaper
from safeconduct.protections.accounts.ownership import papers
from safeconduct.protections.accounts.ownership.doing import token_of
from safeconduct.protections.accounts.protection import forget_claims
from tests.console.test_console import signed_in as staff_signed_in
from tests.kernel.cases.test_files import chunk, jpeg, png
from tests.portal import shops
from tests.portal.shops import PASSWORD

TEXT = "I founded it in 2019 with Camila; the partnership's contract and the register show it."
WHY = "The register names both as partners since 2019, and the account was opened by both."
PAGE, FORM = "/portal/accounts/ownership/", "/accounts/ownership/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def at_desk(user: User) -> Client:
    """Somebody who has just shown anew who they are."""
    client = Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def claimed_by_partner() -> tuple[Client, User, User]:
    owner, partner = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.FINANCE)
    client = at_desk(partner)
    assert client.post(PAGE, {"do": "open", "relation": "partner", "text": TEXT}).status_code == 303
    return client, partner, owner


def paper_of(number: int) -> SimpleUploadedFile:
    return SimpleUploadedFile("page.jpg", jpeg(orientation=number + 1))


def claim_words() -> int:
    return OwnershipWord.objects.count()


def claim() -> OwnershipClaim:
    with staff_scope():
        return OwnershipClaim.objects.select_related("decided_by", "final_by").get()


def decides(client: Client, finding: str, why: str = WHY) -> int:
    answer = client.post(f"/console/accounts/ownership/{claim().id}/decide/", {"finding": finding, "text": why})
    return int(answer.status_code)


def frozen(days: float = 0) -> bool:
    with staff_scope():
        return is_frozen(shops.seller_key(), shops.NOW + timedelta(days=days))


def test_a_members_claim_keeps_owners_and_payouts_as_they_are_and_nothing_else() -> None:
    _, partner, owner = claimed_by_partner()
    assert frozen()
    with staff_scope():
        rows = {m.person_id: m.id for m in members.members_of(shops.seller_key(), at=shops.NOW)}
        with pytest.raises(OwnersFrozen):
            members.change_member_role(rows[partner.id], MemberRole.OWNER, owner, at=shops.NOW)
        with pytest.raises(OwnersFrozen):
            members.invite_member("x@example.org", shops.seller_key(), MemberRole.OWNER, owner, at=shops.NOW)
        with pytest.raises(OwnersFrozen):
            members.end_membership(rows[owner.id], owner, at=shops.NOW)
        members.invite_member("y@example.org", shops.seller_key(), MemberRole.SUPPORT, owner, at=shops.NOW)
        members.end_membership(rows[partner.id], owner, at=shops.NOW)
    with seller_scope(shops.seller_key()):
        assert is_frozen(shops.seller_key(), shops.NOW)
    shown = at_desk(owner).post(f"/portal/people/{rows[owner.id]}/end/").content.decode()
    assert "Two people claim this shop" in shown
    with staff_scope():
        assert not is_frozen(shops.seller_key("sel-2"), shops.NOW)
        told = StoredNotice.objects.filter(code="ownership.moved")
        assert {one.person_id for one in told} == {None, partner.id}


def test_an_invitation_of_before_makes_nobody_an_owner_while_the_claim_is_heard() -> None:
    owner = shops.member("sel-1")
    with staff_scope():
        _made, token = members.invite_member(
            "x@example.org", shops.seller_key(), MemberRole.OWNER, owner, at=shops.NOW
        )  # fmt: skip
    claimed_by_partner()
    answer = Client().post(f"/portal/welcome/{token}/", {"name": "X", "password": "a long pass phrase of theirs"})
    assert "Two people claim this shop" in answer.content.decode()
    with staff_scope():
        assert not User.objects.filter(email="x@example.org").exists()


def test_a_named_person_decides_with_reasons_and_another_one_the_appeal() -> None:
    partner, _, owner = claimed_by_partner()
    (lead, first), (other, second) = staff_signed_in(StaffRole.LEAD), staff_signed_in(StaffRole.LEAD)
    page = f"/console/accounts/ownership/{claim().id}/"
    assert TEXT[:20] in shops.read(lead, page)
    assert lead.post(page + "ask/", {"text": "Please name the number in the register."}).status_code == 303
    assert partner.post(PAGE, {"do": "say", "text": "It is number 76.123.456-7 of the register."}).status_code == 303
    shop = at_desk(owner)
    assert shop.post(PAGE, {"do": "say", "text": "The contract ended in 2023, I have it here."}).status_code == 303
    for text in ("76.123.456-7", "The contract ended", "Please name the number"):
        assert text in shops.read(shop, PAGE) and text in shops.read(partner, PAGE)
    assert decides(lead, "both", "short") == 409 and decides(lead, "perhaps") == 409
    assert decides(lead, "both") == 303 and decides(lead, "shop") == 409
    assert (claim().decided_by, claim().why) == (first, WHY)
    assert WHY in shops.read(shop, PAGE) and str(first) in shops.read(shop, PAGE)
    assert frozen() and frozen(13) and not frozen(15), "without an appeal it is over with the time for one"
    assert shop.post(PAGE, {"do": "appeal", "text": "The contract ended, see the notary's paper."}).status_code == 303
    assert frozen(400)
    assert decides(lead, "shop") == 409, "whoever decided first does not decide the appeal"
    assert decides(other, "shop") == 303
    assert (claim().state, claim().final_by) == ("closed", second)
    assert not frozen()
    assert shop.post(PAGE, {"do": "appeal", "text": "once more, because I say so"}).status_code == 409


def test_whoever_has_no_access_confirms_their_mailbox_and_freezes_nothing_until_a_person_hears_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    owner, visitor = shops.member("sel-1"), Client()
    given = {"shop": "sel-1", "name": "Ana Lopez", "email": "ana.lopez@example.com", "relation": "heir", "text": TEXT}
    answer = visitor.post(FORM, given)
    assert "Look into your mailbox" in answer.content.decode() and claim().state == "draft"
    (mailed,) = re.findall(r"http://testserver(/accounts/ownership/\S+)", capsys.readouterr().out.replace("=\n", ""))
    assert "ana" not in mailed and claim().state == "draft"
    opened = visitor.get(mailed, follow=True)
    assert "Press once" in opened.content.decode() and claim().state == "draft", "mail programs open links"
    link = opened.request["PATH_INFO"]
    assert visitor.post(link, {"do": "confirm"}).status_code == 302
    assert claim().state == "waiting" and not frozen()
    lead, _ = staff_signed_in(StaffRole.LEAD)
    page = f"/console/accounts/ownership/{claim().id}/"
    assert "ana.lopez@example.com" in shops.read(lead, page)
    assert lead.post(page + "take-up/").status_code == 303 and frozen()
    shown = shops.read(at_desk(owner), PAGE)
    assert TEXT[:20] in shown and "ana.lopez" not in shown
    assert decides(lead, "not_shown") == 303
    assert WHY in visitor.get(link).content.decode()
    assert visitor.post(link, {"do": "appeal", "text": "Here is the certificate of inheritance."}).status_code == 302
    assert claim().state == "appealed"
    assert Client().get(mailed + "x/", follow=True).status_code == 404
    with staff_scope():
        (row,) = query(
            "SELECT c::text || (SELECT string_agg(w::text, '') FROM ownership_word w) FROM ownership_claim c"
        )
    assert "ana" not in str(row).lower() and TEXT[:10] not in str(row)


def paper(text: bytes = b"") -> SimpleUploadedFile:
    """A picture that carries a place in its texts."""
    return SimpleUploadedFile("Ana Lopez birth certificate.png", png(chunk(b"tEXt", b"Comment\0taken at home" + text)))


def test_both_sides_bring_papers_that_are_numbered_made_anew_and_read_by_who_is_of_the_claim_alone() -> None:
    partner, _, owner = claimed_by_partner()
    text = "Paper 1 is the contract of 2019, with both our names."
    assert partner.post(PAGE, {"do": "say", "text": text, "files": [paper(), paper()]}).status_code == 303
    shop = at_desk(owner)
    assert shop.post(PAGE, {"do": "say", "text": "It ended, see paper 2.", "files": [paper()]}).status_code == 303
    page = shops.read(shop, PAGE)
    assert "Paper 1" in page and "Paper 2" in page and "Paper 3" not in page, "one file twice is one paper"
    got = shop.get(f"{PAGE}papers/1/")
    assert got.content.startswith(b"\x89PNG") and b"taken at home" not in got.content
    assert got["Content-Disposition"] == 'attachment; filename="paper-1.png"' and "no-store" in got["Cache-Control"]
    assert got["Content-Security-Policy"] == "default-src 'none'; sandbox" and got["Content-Type"] == "image/png"
    assert partner.get(f"{PAGE}papers/3/").status_code == 404
    support, stranger = shops.member("sel-1", role=MemberRole.SUPPORT), shops.member("sel-2")
    assert at_desk(support).get(f"{PAGE}papers/1/").status_code == 409
    assert at_desk(stranger).get(f"{PAGE}papers/1/").status_code == 409
    (lead, _), (analyst, _) = staff_signed_in(StaffRole.LEAD), staff_signed_in(StaffRole.ANALYST)
    address = f"/console/accounts/ownership/{claim().id}/papers/2/"
    assert lead.get(address).status_code == 200 and analyst.get(address).status_code == 403
    assert address in shops.read(lead, f"/console/accounts/ownership/{claim().id}/")
    with staff_scope():
        read = Reading.objects.filter(scene="evidence", batch=claim().id).order_by("id").values_list("side", "role")
        assert list(read) == [("seller", "owner"), ("staff", "lead")]
        (dump,) = query("SELECT string_agg(p::text, '') FROM ownership_paper p")
    assert "ertificate" not in str(dump) and "89504e47" not in str(dump)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(shops.seller_key()):
        query("SELECT 1 FROM ownership_paper")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE ownership_paper SET side = 'shop'")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([SimpleUploadedFile("a.pdf", b"")], "A file is empty"),
        ([SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")], "PDF, PNG or JPEG"),
        ([SimpleUploadedFile("a.pdf", b"PK\x03\x04 a bomb\x00")], "none of PNG, JPEG, PDF"),
        ([SimpleUploadedFile("a.pdf", b"%PDF-1.7 /JavaScript (app.alert) %%EOF")], "more than pages"),
        ([SimpleUploadedFile("a.pdf", b"%PDF-1.7 " + bytes(10 * 1024 * 1024) + b"%%EOF")], "larger than 10 MB"),
        ([SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)], "At most 5 files at once"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_paper_is_refused_with_the_way_out_and_nothing_is_kept(
    files: list[SimpleUploadedFile], says: str
) -> None:
    partner, _, _ = claimed_by_partner()
    answer = partner.post(PAGE, {"do": "say", "text": "Here is what shows it, look at it.", "files": files})
    assert answer.status_code == 409 and says in answer.content.decode()
    with staff_scope():
        assert not OwnershipPaper.objects.exists() and claim_words() == 1, "all or nothing"


def test_whoever_has_no_access_brings_papers_by_their_link_once_the_mailbox_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shops.member("sel-1")
    with engine_scope():
        contact = {"name": "Ana Lopez", "email": "ana.lopez@example.com"}
        made = ownership.draft("sel-1", contact, "heir", TEXT, at=shops.NOW)
    assert made is not None
    visitor, link = Client(), f"{FORM}{token_of(made)}/"
    said = {"do": "say", "text": "The certificate of inheritance, page one."}
    assert visitor.post(link, {**said, "files": [paper()]}).status_code == 409, "not before the mailbox is confirmed"
    visitor.post(link, {"do": "confirm"})
    monkeypatch.setattr(papers, "MOST_OF_A_SIDE", 2)
    for number in range(2):
        assert visitor.post(link, {**said, "files": [paper_of(number)]}).status_code == 302
    refused = visitor.post(link, {**said, "files": [paper_of(5)]})
    assert refused.status_code == 409 and "brought 2 papers" in refused.content.decode()
    opened = visitor.get(link, follow=True)
    address = opened.request["PATH_INFO"] + "papers/2/"
    assert address in opened.content.decode() and made not in opened.content.decode()
    assert visitor.get(address).content.startswith(b"\xff\xd8\xff")
    assert Client().get(f"{FORM}{made}:forged/papers/1/", follow=True).status_code == 404
    assert Client().get(address).status_code == 404


@override_settings(FACES={"files": "files.test"}, ALLOWED_HOSTS=["testserver", "files.test"])
def test_a_paper_is_handed_out_once_from_the_host_that_no_cookie_of_ours_goes_to() -> None:
    partner, _, owner = claimed_by_partner()
    text = "Paper 1 is the contract of 2019, with both our names."
    partner.post(PAGE, {"do": "say", "text": text, "files": [paper()]})
    lead, _ = staff_signed_in(StaffRole.LEAD)
    here = f"{PAGE}papers/1/"
    for reader, address in (
        (partner, here), (at_desk(owner), here), (lead, f"/console/accounts/ownership/{claim().id}/papers/1/"),
    ):  # fmt: skip
        led = reader.get(address)
        where = led.headers["Location"]
        assert led.status_code == 303 and where.startswith("http://files.test/files/") and claim().id not in where
        stranger, path = Client(headers={"host": "files.test"}), where.removeprefix("http://files.test")
        got = stranger.get(path)
        assert got.content.startswith(b"\x89PNG") and not got.cookies
        assert got["Content-Disposition"].startswith("attachment") and "sandbox" in got["Content-Security-Policy"]
        assert stranger.get(path).status_code == 404, "once"
    assert partner.get(f"{PAGE}papers/2/").status_code == 404
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    assert at_desk(support).get(here).status_code == 409
    with staff_scope():
        assert Reading.objects.filter(scene="evidence", batch=claim().id).count() == 3, "each is written down once"


def test_the_form_tells_nobody_which_shops_there_are_and_is_taken_a_few_times_only() -> None:
    visitor = Client()
    given = {"shop": "no such shop", "name": "A", "email": "a@example.com", "relation": "other", "text": TEXT}
    known, unknown = (visitor.post(FORM, {**given, "shop": shop, "email": f"{n}@example.com"}) for n, shop in enumerate(("sel-1", "?")))  # fmt: skip
    body = (re.sub(r'value="[^"]*"', "", one.content.decode()) for one in (known, unknown))
    assert len(set(body)) == 1
    assert visitor.post(FORM, {**given, "text": "short"}).status_code == 422
    assert visitor.post(FORM, given).status_code == 200
    assert visitor.post(FORM, given).status_code == 429
    with engine_scope():
        assert query("SELECT count(*) FROM vault_key WHERE purpose = 'ownership'").fetchone() == (1,)
    forget_claims(shops.NOW + timedelta(days=8))
    with engine_scope():
        assert not OwnershipClaim.objects.exists()
        assert query("SELECT 1 FROM vault_key WHERE purpose = 'ownership'").fetchone() is None, (
            "in no older copy either"
        )


def test_one_shop_has_one_claim_and_nobody_rules_on_their_own() -> None:
    _, _, owner = claimed_by_partner()
    assert at_desk(owner).post(PAGE, {"do": "open", "relation": "partner", "text": TEXT}).status_code == 409
    with staff_scope():
        User.objects.filter(id=owner.id).update(staff_role=StaffRole.LEAD)
        judge = User.objects.get(id=owner.id)
        with pytest.raises(OwnershipRefused):
            ownership.decide(claim().id, "shop", WHY, judge, at=shops.NOW)
    analyst, _ = staff_signed_in(StaffRole.ANALYST)
    assert decides(analyst, "shop") == 403
    with pytest.raises(psycopg.errors.CheckViolation), staff_scope():
        query("UPDATE ownership_claim SET state = 'decided', finding = 'shop', why = ''")


def test_a_member_who_is_none_of_it_reads_nothing_of_it_and_nothing_is_claimed_at_an_open_session() -> None:
    claimed_by_partner()
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    page = shops.read(at_desk(support), PAGE)
    assert "Somebody claims this shop" in page and TEXT[:20] not in page
    open_one = Client()
    open_one.force_login(shops.member("sel-2"))
    assert "reauthenticate" in open_one.post(PAGE, {"do": "open", "relation": "heir", "text": TEXT}).headers["Location"]


def test_a_name_with_signs_that_nobody_sees_is_refused_beside_its_field() -> None:
    given = {"shop": "sel-1", "name": "Ana \u202eatoS", "email": "a@example.com", "relation": "heir", "text": TEXT}
    answer = Client().post(FORM, given)
    assert answer.status_code == 422 and "right-to-left override" in answer.content.decode()
    with staff_scope():
        assert not OwnershipClaim.objects.exists()
