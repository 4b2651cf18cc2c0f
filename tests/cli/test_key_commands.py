"""Keys of the API at the command line: made with an end, shown once, ended."""

from __future__ import annotations

import json

from tests.api.api_world import Machine, good, problem
from tests.cli.commands import safeconduct

from safeconduct.kernel.parties.models import ApiKey
from safeconduct.kernel.scope import staff_scope


def test_a_key_is_made_with_its_end_and_networks_and_revoked_by_its_id() -> None:
    made = safeconduct(
        "keys", "api", "shop", "--scope", "decisions:read", "--network", "127.0.0.0/8", "--days", "30", "--json"
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    good(Machine(told["secret"]).get("/v1/decisions"))
    with staff_scope():
        key = ApiKey.objects.get()
        assert (key.networks, (key.expires_at - key.created_at).days) == (["127.0.0.0/8"], 30)
    assert safeconduct("keys", "revoke", told["id"]).returncode == 0
    problem(Machine(told["secret"]).get("/v1/decisions"), 401, "key-revoked")


def test_a_shell_can_keep_the_key_in_a_variable_and_use_it() -> None:
    made = safeconduct("keys", "api", "shop", "--scope", "decisions:read")
    good(Machine(made.stdout.rstrip("\n")).get("/v1/decisions"))
    with staff_scope():
        assert ApiKey.objects.get().id in made.stderr and "only time" in made.stderr


def test_what_is_wrong_is_named_and_nothing_is_made() -> None:
    for arguments, words in (
        (["--scope", "everything"], "everything"), (["--scope", "decisions:read", "--network", "nowhere"], "nowhere"),
        (["--scope", "decisions:read", "--days", "181"], "180"),
    ):  # fmt: skip
        refused = safeconduct("keys", "api", "shop", *arguments)
        assert refused.returncode == 2 and words in refused.stderr, refused
    gone = safeconduct("keys", "revoke", "key_nothing")
    assert gone.returncode == 1 and "key_nothing" in gone.stderr
    with staff_scope():
        assert not ApiKey.objects.exists()
