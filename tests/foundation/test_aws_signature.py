"""Signatures of requests, against two examples of Amazon's published test suite for Signature Version 4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from safeconduct.foundation.aws_signature import Credentials, signed_headers

SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),  # get-vanilla
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),  # post-vanilla
    ],
)
def test_the_published_examples_are_signed_as_published(method: str, signature: str) -> None:
    signed = signed_headers(method, "https://example.amazonaws.com/", {}, b"", SUITE, "us-east-1", "service", at=AT)
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        f" SignedHeaders=host;x-amz-date, Signature={signature}"
    )


def test_every_part_of_the_request_is_signed() -> None:
    def sign(headers: dict[str, str], body: bytes, token: str = "") -> str:
        given = Credentials(SUITE.key_id, SUITE.secret, token)
        made = signed_headers("POST", "https://kms.eu.example/", headers, body, given, "eu", "kms", at=AT)
        return made["authorization"]

    target = {"X-Amz-Target": "TrentService.Encrypt"}
    variants = {sign(target, b"{}"), sign(target, b"{ }"), sign({}, b"{}"), sign(target, b"{}", "session")}
    assert len(variants) == 4
    assert SUITE.secret not in repr(SUITE)
