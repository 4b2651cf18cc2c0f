from django.db import migrations

FORWARDS = r"""
CREATE OR REPLACE FUNCTION security_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The owner alone puts the vault's present form (2) in the place of form 1; nothing else changes with it.
    IF TG_OP = 'UPDATE' AND substr(OLD.origin, 1, 1) = '\x01' AND substr(NEW.origin, 1, 1) = '\x02'
        AND (to_jsonb(NEW) - 'origin') = (to_jsonb(OLD) - 'origin')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR NEW.origin IS NOT NULL
        OR (to_jsonb(NEW) - 'origin') IS DISTINCT FROM (to_jsonb(OLD) - 'origin') THEN
        RAISE EXCEPTION 'what happened to an account stays: % on security_event is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
BACKWARDS = r"""
CREATE OR REPLACE FUNCTION security_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.origin IS NOT NULL
        OR (to_jsonb(NEW) - 'origin') IS DISTINCT FROM (to_jsonb(OLD) - 'origin') THEN
        RAISE EXCEPTION 'what happened to an account stays: % on security_event is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    """Where a security event came from can be sealed anew in the vault's present form, by the owner."""

    dependencies = [("parties", "0008_staff_identity")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
