"""Every place that opens sealed data stands on this list, with why nobody is shown it unwritten."""

from __future__ import annotations

import re
from pathlib import Path

import safeconduct

SOURCE = Path(safeconduct.__file__).parent
#: File → why it may open. "shows": in clear, and writes it down first; a new place needs its line here.
OPENERS = {
    "kernel/readings/contacts.py": "shows: notes before it returns",
    "kernel/events/bodies.py": "opens for kernel/readings/contacts.py",
    "kernel/cases/evidence.py": "shows: read() notes first",
    "kernel/readings/defence.py": "opens for answers to banks",
    "protections/transactions/chargebacks/collecting.py": "by what the buyer came back later, for the bank",
    "protections/transactions/chargebacks/documents.py": "files that people gave for the bank, into the answer",
    "protections/transactions/chargebacks/answers.py": "shows: notes what a pack holds, and who takes the bank's copy",
    "protections/transactions/chargebacks/sending.py": "sends to the processor; nobody is shown it",
    "kernel/cases/messages.py": "words between parties; the staff's page notes that it reads them",
    "console/case.py": "masks",
    "api/lists.py": "masks",
    # names of orders and sellers, which are no personal data
    "protections/transactions/money/api.py": "names of orders",
    "protections/transactions/money/telling.py": "names of orders",
    "protections/transactions/deciding.py": "names of orders",
    "protections/transactions/coverage/api.py": "names of sellers",
    "protections/disputes/api.py": "names of sellers",
    "api/decided.py": "names of orders and sellers",
    "kernel/cases/buyer_telling.py": "the shop's own numbers of orders, to the shop",
    "api/outside.py": "names of sellers",
    "protections/transactions/chargebacks/api_before.py": "names of orders and sellers",
    "kernel/ledger/telling.py": "names of orders",
    "kernel/claims/telling.py": "names of orders",
    "kernel/decisions/telling.py": "names of orders and sellers",
    "cli/ledger.py": "names of orders",
    "protections/transactions/chargebacks/api.py": "names of orders",
    "protections/transactions/chargebacks/console.py": "names of orders",
    "protections/transactions/money/claims_api.py": "names of orders",
    "protections/transactions/chargebacks/portal_early.py": "names of orders",
    "protections/transactions/chargebacks/telling.py": "names of orders",
    # machines' own secrets, and people's own
    "kernel/parties/security_events.py": "where a person's own sign-in came from; no page shows it",
    "kernel/parties/ownership.py": "what both sides of a claim said, to them and to who decides",
    "kernel/parties/sealed_fields.py": "names and addresses of the people of the product, wherever they stand",
    "kernel/parties/sealed_sessions.py": "a session, to its own browser",
    "protections/accounts/ownership/papers.py": "shows: notes first; a claimant without an account reads their claim's",
    "kernel/parties/factors.py": "seeds of second factors",
    "kernel/ledger/payout_reading.py": "for who sends the money; the console's page of it tells the shop",
    "protections/accounts/payout/asking.py": "what a person is about to confirm, to that person",
    "kernel/parties/sessions.py": "where a person's own sessions began, to that person",
    "kernel/parties/whereabouts.py": "where the person themself signed in from before, compared with where they are now",
    "protections/data_security/requests/actions.py": "what somebody wrote with their request, to who answers it",
    "protections/data_security/requests/archives.py": "a person's own archive, to that person",
    "kernel/record/keys.py": "keys of the record",
    "kernel/notices/webhooks/endpoints.py": "secrets of endpoints",
    "connectors/intake.py": "reads a delivery again",
    "kernel/vault/pseudonyms.py": "the registry itself",
    "kernel/vault/sealing.py": "sealing itself",
    "kernel/vault/resealing.py": "seals anew what it opens",
}
_OPENS = re.compile(r"\b(?:reveal|unseal(?:_many|_with)?)\(")


def opening() -> set[str]:
    texts = {str(file.relative_to(SOURCE)): file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py")}
    return {name for name, text in texts.items() if _OPENS.search(text) and ("kernel.vault" in text or "vault" in name)}


def test_every_place_that_opens_sealed_data_is_on_the_list_and_nothing_else() -> None:
    assert opening() == set(OPENERS)
