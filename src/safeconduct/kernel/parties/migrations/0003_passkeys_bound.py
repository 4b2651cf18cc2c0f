import json
from typing import Any

from django.db import migrations


def bind_those_there(apps: Any, schema_editor: Any) -> None:
    """Once, and never again: what comes without a binding after this is no passkey."""
    rows = schema_editor.connection.cursor()
    rows.execute("SELECT id, user_id, data FROM mfa_authenticator WHERE type = 'webauthn' FOR UPDATE")
    found = rows.fetchall()
    if not found:
        return
    from safeconduct.kernel.parties.bound_passkeys import BOUND, binding

    for key, person, data in found:
        known = data if isinstance(data, dict) else json.loads(data)
        bound = json.dumps({BOUND: binding(person, known.get("credential", {}))})
        rows.execute("UPDATE mfa_authenticator SET data = data || %s::jsonb WHERE id = %s", [bound, key])


class Migration(migrations.Migration):
    """Passkeys that were added before they were bound to their person (`bound_passkeys`) are bound as they are."""

    dependencies = [
        ("mfa", "0003_authenticator_type_uniq"), ("parties", "0002_rules"), ("vault", "0001_tables"),
    ]  # fmt: skip
    operations = [migrations.RunPython(bind_those_there, migrations.RunPython.noop)]
