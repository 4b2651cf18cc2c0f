"""What *this was not me* does to keys of the API: the newer ones of the person may read on, and write nothing."""

from __future__ import annotations

from datetime import datetime

from safeconduct.kernel.scope import query


def read_only_keys(person_id: str, since: datetime, at: datetime) -> list[str]:
    """Takes every scope that writes from the keys a person made since a time; returns the keys. In an engine scope."""
    rows = query(
        "UPDATE api_key SET scopes = ARRAY(SELECT s FROM unnest(scopes) AS s WHERE s LIKE '%%:read' ORDER BY s)"
        " WHERE created_by = %s AND created_at >= %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)"
        " AND EXISTS (SELECT FROM unnest(scopes) AS s WHERE s NOT LIKE '%%:read') RETURNING id",
        [person_id, since, at],
    )
    return sorted(key for (key,) in rows)
