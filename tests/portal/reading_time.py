"""Time for somebody to read what they are about to confirm."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import Client


def ten_seconds_pass(client: Client) -> None:
    """The text about a payout account that is shown in this browser has been there for ten seconds."""
    session = client.session
    kept = session["payout_asking"]
    shown_at = datetime.fromisoformat(kept["shown_at"]) - timedelta(seconds=10)
    session["payout_asking"] = {**kept, "shown_at": shown_at.isoformat()}
    session.save()
