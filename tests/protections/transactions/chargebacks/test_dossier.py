"""The document for the bank, and the seller's copy of it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import tests.django_world  # noqa: F401
from tests.protections.transactions.chargebacks.dossiers import AT, dossier, hashes, picture

from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Limits, PackRefused, Row, made, manifest


def words(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    file = folder / "pack.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True).stdout


def test_the_bank_sees_clear_data_and_the_seller_does_not(tmp_path: Path) -> None:
    bank = words(made(dossier(), "en", redacted=False).pdf, tmp_path)
    seller = words(made(dossier(), "en", redacted=True).pdf, tmp_path)
    for clear, masked in (("8.8.4.4", "8.8…"), ("ana@example.org", "a…@example.org")):
        assert clear in bank and clear not in seller and masked in seller
    for text in ("dp_1Pq", "Visa 10.4 · Fraud without the card present", "$129.90", "2026-06-16 09:30", "Manifest"):
        assert text in bank and text in seller
    assert "Seller's copy" in seller and "Seller's copy" not in bank


def test_exhibits_stand_in_the_order_in_which_the_bank_asks_for_them(tmp_path: Path) -> None:
    shown = words(made(dossier(), "en", redacted=False).pdf, tmp_path)
    places = [shown.index(f"E{n} · ") for n in range(1, 5)]
    assert places == sorted(places)
    assert shown.index("E1 · The order and its amount") < shown.index("E2 · Authenticated with 3-D Secure")


def test_the_manifest_can_be_checked_with_the_salts_and_not_guessed_without(tmp_path: Path) -> None:
    told = dossier()
    entries = manifest(told)
    by_name = {exhibit.document: exhibit for exhibit in told.exhibits}
    bank = words(made(told, "en", redacted=False).pdf, tmp_path)
    seller = words(made(told, "en", redacted=True).pdf, tmp_path)
    for entry in entries:
        content = by_name[entry.document].content()
        assert hashlib.sha256(bytes.fromhex(entry.salt) + content).hexdigest() == entry.sha256
        assert hashlib.sha256(content).hexdigest() not in bank + seller
        assert entry.salt in bank and entry.salt not in seller and entry.sha256 in seller
    assert manifest(replace(told, hashes=hashes(b"t" * 32)))[0].salt != entries[0].salt


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_the_same_dossier_makes_the_same_bytes_in_each_language(language: str) -> None:
    told = dossier(
        exhibits=(*dossier().exhibits, Exhibit("outbound_photo", "seller", picture=picture(), media_type="image/png"))
    )
    assert made(told, language, redacted=False).pdf == made(told, language, redacted=False).pdf
    assert made(told, language, redacted=False).pdf != made(told, language, redacted=True).pdf


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    bare = replace(dossier(), exhibits=dossier().exhibits[:1])
    assert bare.score.missing == ("order_details",)
    shown = " ".join(words(made(bare, "en", redacted=True).pdf, tmp_path).split())
    assert "Missing: The order and its amount; Authenticated with 3-D Secure / Two earlier payments" in shown


def test_the_bank_is_shown_what_is_there_and_not_told_what_is_missing(tmp_path: Path) -> None:
    bare = replace(dossier(), exhibits=dossier().exhibits[:1])
    shown = words(made(bare, "en", redacted=False).pdf, tmp_path)
    assert "Missing" not in shown and "The order and its amount" not in shown


def test_personal_words_and_pictures_stay_with_the_bank(tmp_path: Path) -> None:
    letter = Exhibit("conversation", "platform", AT, text="I am Ana Rojas, it arrived", personal=True)
    told = replace(dossier(), exhibits=(*dossier().exhibits, letter))
    assert "Ana Rojas" in words(made(told, "en", redacted=False).pdf, tmp_path)
    seller = words(made(told, "en", redacted=True).pdf, tmp_path)
    assert "Ana Rojas" not in seller and "Shown to the bank only: it names persons or other orders." in seller


def test_what_helps_least_is_left_out_where_there_is_no_room() -> None:
    long = Exhibit("conversation", "platform", AT, text="word " * 4000)
    told = replace(dossier(), exhibits=(*dossier().exhibits, long))
    file = made(told, "en", redacted=False, limits=Limits(max_pages=4))
    assert file.left_out == ("conversation",) and file.page_count <= 4
    assert [entry.document for entry in file.manifest] == ["order_details", "three_ds", "ip_address", "customer"]


def test_what_must_be_there_and_does_not_fit_is_refused_with_the_way_out() -> None:
    order = Exhibit("order_details", "shop", AT, text="word " * 9000)
    with pytest.raises(PackRefused, match=r"banks take 4 pages and 4500 kB: shorten the texts"):
        made(replace(dossier(), exhibits=(order,)), "en", redacted=False, limits=Limits(max_pages=4))


@pytest.mark.parametrize(
    ("exhibit", "says"),
    [
        (Exhibit("outbound_photo", "seller", picture=b"GIF89a", media_type="image/gif"), "a picture of type image/gif"),
        (Exhibit("outbound_photo", "seller", picture=b"no picture", media_type="image/png"), "cannot be read as"),
        (Exhibit("selfie", "seller"), "selfie: is no document of the packs"),
    ],
)
def test_a_picture_that_is_none_is_refused(exhibit: Exhibit, says: str) -> None:
    with pytest.raises(PackRefused, match=says):
        made(replace(dossier(), exhibits=(exhibit,)), "en", redacted=False)


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    rows = (Row("Note", '#panic("x") *bold* $1$'),)
    told = dossier(order="#eval(1)", exhibits=(Exhibit("order_details", "shop", AT, rows, text="= head #x"),))
    shown = words(made(told, "en", redacted=False).pdf, tmp_path)
    assert '#panic("x") *bold* $1$' in shown and "#eval(1)" in shown and "= head #x" in shown


def test_any_script_is_written(tmp_path: Path) -> None:
    told = dossier(merchant="深圳云帆贸易 · متجر الواحة", at=AT + timedelta(hours=1))
    shown = words(made(told, "zh-hans", redacted=False).pdf, tmp_path)
    assert "深圳云帆贸易" in shown and "无卡交易欺诈" in shown
