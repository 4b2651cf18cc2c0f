"""The keys of the vault in the console: seen by administrators, and made anew by one who has just signed in again."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from tests.console.test_console import signed_in
from tests.console.test_key_pages import who_signed_in_again

from safeconduct.kernel.parties.models import SecurityEvent, StaffRole
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.kernel.vault import data_keys, rotation
from safeconduct.kernel.vault.sealing import Column, seal, unseal

PAGE = "/console/vault/"
MESSAGE = Column("case_message.sealed", "case_message")


def sealed(count: int) -> list[bytes]:
    return [seal(MESSAGE, f"cmg_{n}", f"case/cas_{n}", b"Ana") for n in range(count)]


def versions() -> list[tuple[int, int]]:
    with engine_scope():
        return query("SELECT region_version, count(*) FROM vault_key GROUP BY 1 ORDER BY 1").fetchall()


def test_an_administrator_makes_a_new_region_key_and_follows_how_far_it_is() -> None:
    client, user = who_signed_in_again()
    values, kept = sealed(5), versions()
    page = client.get(PAGE).content.decode()
    assert "nothing is under way" in page and "file/" in page and len(page) < 100_000
    assert client.post(PAGE + "rotate/").status_code == 303
    ((before, count),) = kept
    assert {version for version, _ in versions()} == {before}, "the job wraps, not the page"
    page = client.get(PAGE).content.decode()
    assert "a job wraps them anew" in page and "opens still" in page
    assert client.post(PAGE + "rotate/").status_code == 303
    assert "A rotation is under way already" in client.get(PAGE).content.decode()
    rotation.keep_up(timezone.now())
    ((after, all_of_them),) = versions()
    assert after == before + 1 and all_of_them >= count, "twice made one key"
    assert "nothing is under way" in client.get(PAGE).content.decode()
    data_keys.forget()
    assert [unseal(MESSAGE, f"cmg_{n}", f"case/cas_{n}", value) for n, value in enumerate(values)] == [b"Ana"] * 5
    with staff_scope():
        happened = SecurityEvent.objects.get(kind="vault_rotated")
        assert (happened.person_id, happened.facts) == (user.id, {"version": after})


def test_the_page_says_when_the_key_is_due() -> None:
    client, _user = signed_in(StaffRole.ADMINISTRATOR)
    sealed(1)
    assert "due to be replaced" not in client.get(PAGE).content.decode()
    with engine_scope():
        query("UPDATE vault_region_key SET made_at = now() - interval '367 days'")
    assert "due to be replaced" in client.get(PAGE).content.decode()


def test_nobody_below_an_administrator_sees_it_and_nobody_makes_a_key_at_an_open_session() -> None:
    lead, _ = signed_in(StaffRole.LEAD)
    assert lead.get(PAGE).status_code == 403 and lead.post(PAGE + "rotate/").status_code in (302, 403)
    open_one, _ = signed_in(StaffRole.ADMINISTRATOR)
    assert open_one.get(PAGE).status_code == 200
    assert "reauthenticate" in open_one.post(PAGE + "rotate/").headers["Location"]


def test_a_root_that_is_gone_is_said_and_the_page_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = who_signed_in_again()
    sealed(1)
    monkeypatch.setattr(settings, "VAULT_ROOT", f"file:{tmp_path / 'nothing'}")
    page = client.get(PAGE)
    assert page.status_code == 200 and "The root does not open the key." in page.content.decode()
    answer = client.post(PAGE + "rotate/")
    assert answer.status_code == 503 and "no root key" in answer.content.decode()
    assert client.get(PAGE).status_code == 200, "what this process has opened it keeps"
