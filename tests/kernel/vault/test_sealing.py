"""What a seal is bound to: a ciphertext that is moved to another row, column, table or subject does not open."""

from __future__ import annotations

import os
from dataclasses import replace

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope, undo
from safeconduct.kernel.vault import data_keys, pseudonyms
from safeconduct.kernel.vault.errors import KeyGone, SealBroken
from safeconduct.kernel.vault.framing import framed
from safeconduct.kernel.vault.keys import purpose_key
from safeconduct.kernel.vault.sealing import Column, Place, seal, seal_many, unseal, unseal_many

MESSAGE = Column("case_message.sealed", "case_message")
SIX, SEVEN = "case/cas_6", "case/cas_7"


def form_1(purpose: str, place: str, plain: bytes) -> bytes:
    """As values were sealed before there were data keys."""
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(purpose_key("seal/" + purpose)).encrypt(nonce, plain, place.encode())


def test_a_sealed_value_opens_where_it_was_sealed_and_nowhere_else() -> None:
    sealed = seal(MESSAGE, "cmg_1", SIX, b"Ana Rojas")
    seal(MESSAGE, "cmg_2", SEVEN, b"Li Wei")
    assert unseal(MESSAGE, "cmg_1", SIX, sealed) == b"Ana Rojas"
    moved = (
        (MESSAGE, "cmg_2", SIX, "another row"),
        (replace(MESSAGE, name="case_message.note"), "cmg_1", SIX, "another column"),
        (replace(MESSAGE, name="return_file.sealed"), "cmg_1", SIX, "another table"),
        (MESSAGE, "cmg_1", SEVEN, "another subject"),
        (replace(MESSAGE, purpose="evidence"), "cmg_1", SIX, "another purpose"),
    )
    for column, row, subject, what in moved:
        with pytest.raises(SealBroken):
            pytest.fail(f"{what}: {unseal(column, row, subject, sealed)!r}")


def test_a_key_of_another_subject_put_into_the_head_does_not_open_it() -> None:
    one, two = seal(MESSAGE, "cmg_1", SIX, b"Ana"), seal(MESSAGE, "cmg_1", SEVEN, b"Li")
    with pytest.raises(SealBroken):
        unseal(MESSAGE, "cmg_1", SIX, one[:1] + two[1:9] + one[9:])


def test_what_is_changed_cut_short_or_of_no_form_does_not_open() -> None:
    sealed = seal(MESSAGE, "cmg_1", SIX, b"Ana")
    for given in (sealed[:-1], sealed[:20], b"", b"\x03" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(SealBroken):
            unseal(MESSAGE, "cmg_1", SIX, given)


def test_a_wrapped_key_that_is_moved_to_another_subject_does_not_open() -> None:
    sealed = seal(MESSAGE, "cmg_1", SIX, b"Ana")
    with engine_scope():
        query("UPDATE vault_key SET subject = %s", [SEVEN])
    data_keys.forget()
    with pytest.raises(SealBroken, match="does not open"):
        unseal(MESSAGE, "cmg_1", SEVEN, sealed)


def test_form_1_opens_still_and_only_in_its_place() -> None:
    column = payout_accounts.ACCOUNT
    sealed = form_1("payout_account", "payout_account/pac_1", b"DE02")
    assert unseal(column, "pac_1", "seller/7", sealed) == b"DE02"
    with pytest.raises(SealBroken):
        unseal(column, "pac_2", "seller/7", sealed)


def test_two_parts_are_never_read_as_two_others() -> None:
    assert framed("a", "bc") != framed("ab", "c") != framed("abc", "")


def test_one_statement_makes_the_keys_of_many_values_and_each_has_its_own() -> None:
    values = [(Place(f"cmg_{n}", f"case/cas_{n}"), str(n).encode()) for n in range(50)]
    sealed = seal_many(MESSAGE, values)
    again = seal_many(MESSAGE, values)
    assert {s[1:9] for s in sealed} == {s[1:9] for s in again}
    assert len({s[1:9] for s in sealed}) == 50
    opened = unseal_many(MESSAGE, [(place, s) for (place, _), s in zip(values, sealed, strict=True)])
    assert opened == [plain for _, plain in values]


def test_a_destroyed_key_takes_its_values_along_also_in_a_process_that_had_opened_it() -> None:
    gone, kept = seal(MESSAGE, "cmg_1", SIX, b"Ana"), seal(MESSAGE, "cmg_2", SEVEN, b"Li")
    assert unseal(MESSAGE, "cmg_1", SIX, gone) == b"Ana"
    with engine_scope():
        query("DELETE FROM vault_key WHERE subject = %s", [SIX])
    with pytest.raises(KeyGone):
        unseal(MESSAGE, "cmg_1", SIX, gone)
    assert unseal_many(MESSAGE, [(Place("cmg_1", SIX), gone), (Place("cmg_2", SEVEN), kept)]) == [None, b"Li"]


def test_a_key_that_was_rolled_back_is_never_sealed_with_again() -> None:
    with engine_scope():
        seal(MESSAGE, "cmg_1", SIX, b"Ana")
        undo()
    sealed = seal(MESSAGE, "cmg_1", SIX, b"Ana")
    assert unseal(MESSAGE, "cmg_1", SIX, sealed) == b"Ana"


def test_sellers_and_staff_seal_and_open_without_a_right_to_the_keys() -> None:
    with seller_scope(7):
        sealed = seal(MESSAGE, "cmg_1", SIX, b"Ana")
        assert unseal(MESSAGE, "cmg_1", SIX, sealed) == b"Ana"
    for scope in (seller_scope(7), staff_scope()):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), scope:
            query("SELECT wrapped FROM vault_key")


def test_the_value_of_a_pseudonym_opens_with_its_salt_only() -> None:
    with engine_scope():
        keys = pseudonyms.register([("email", "ana@example.org"), ("order", "ord-1")])
    email, order = keys["email", "ana@example.org"], keys["order", "ord-1"]
    with engine_scope():
        assert pseudonyms.reveal([email, order]) == {email: ("email", "ana@example.org"), order: ("order", "ord-1")}
        query("DELETE FROM vault_salt")
        assert pseudonyms.reveal([email, order]) == {order: ("order", "ord-1")}


def test_a_pseudonym_whose_sealed_value_was_exchanged_does_not_open() -> None:
    with engine_scope():
        keys = pseudonyms.register([("email", "ana@example.org"), ("email", "li@example.org")])
        ana, li = keys.values()
        query("UPDATE pseudonym a SET sealed = b.sealed FROM pseudonym b WHERE a.key = %s AND b.key = %s", [ana, li])
        with pytest.raises(SealBroken):
            pseudonyms.reveal([ana])
