from django.db import migrations, models

FORWARDS = r"""
CREATE OR REPLACE FUNCTION security_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What is past its time is deleted by the owner's function alone; what is younger by nobody.
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '12 months'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN OLD;
    END IF;
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
CREATE FUNCTION security_event_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM security_event WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION security_event_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION security_event_forget(text[]) TO safeconduct_engine;
"""
BACKWARDS = r"""
DROP FUNCTION security_event_forget(text[]);
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


class Migration(migrations.Migration):
    """Security events that are past their time can be deleted, through one function that takes no younger one."""

    dependencies = [("parties", "0011_ownership_claims")]
    operations = [
        migrations.AddIndex(
            model_name="securityevent", index=models.Index(fields=["at"], name="security_event_by_time")
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
