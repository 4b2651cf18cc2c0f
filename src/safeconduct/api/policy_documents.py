"""The documents of policies: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Sent, Text


class PolicyListed(Schema):
    policy: str
    live: int | None = Field(description="Number of the version in force.")
    challenger: int | None
    shadow: list[int]
    latest: int


class PolicyPage(Schema):
    items: list[PolicyListed]
    next: str | None


class VersionFound(Schema):
    id: str
    policy: str
    number: int
    state: str
    revision: int
    note: str
    rollout_percent: int
    created_at: datetime
    published_at: datetime | None
    retired_at: datetime | None
    text: str


class Finding(Schema):
    line: int
    column: int
    end_column: int
    severity: str
    code: str
    message: str
    hint: str | None


class PolicySent(Sent):
    text: str = Field(max_length=400_000, description="The policy, as YAML.")


class PolicyChecked(Schema):
    ok: bool
    policy: str | None
    diagnostics: list[Finding]


class DraftSent(Sent):
    text: Annotated[Text, Field(max_length=400_000, description="The policy, as YAML.")]
    note: Annotated[Text, Field(max_length=2000)] = ""
    draft: Annotated[Text, Field(max_length=30)] | None = Field(
        None, description="Id of the draft to change; otherwise a new version."
    )
    revision: int | None = Field(None, ge=1, le=2**31 - 1, description="The draft's revision that was read.")
    person: Annotated[Text, Field(max_length=254)] | None = Field(
        None, description="Id or e-mail address of its author, a member of staff; otherwise who made the key."
    )


class DraftSaved(Schema):
    id: str
    policy: str
    number: int
    revision: int
    state: str
    ok: bool = Field(description="False: it is kept, but cannot be shadowed or published before its errors are gone.")
    diagnostics: list[Finding]
