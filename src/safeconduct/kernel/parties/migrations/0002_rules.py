from django.db import migrations

#: Nobody who writes an event can forget its line in the record; the logins of sellers have no right to it themselves. What
#: is past its time can be deleted, through one function that takes no younger one.
EVENTS = r"""
CREATE FUNCTION security_event_leaf() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO leaf (kind, subject, body, created_at) VALUES ('security_event', NEW.id, '{}', NEW.at);
    RETURN NULL;
END
$$;
CREATE TRIGGER leaf AFTER INSERT ON security_event FOR EACH ROW EXECUTE FUNCTION security_event_leaf();
CREATE FUNCTION security_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON security_event FOR EACH ROW EXECUTE FUNCTION security_event_stays();
CREATE FUNCTION security_event_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM security_event WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION security_event_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION security_event_forget(text[]) TO safeconduct_engine;
"""
#: Addresses are sealed there too, and longer than what they hold.
ADDRESSES = "ALTER TABLE account_emailaddress ALTER COLUMN email TYPE text"


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_tables"), ("account", "0009_emailaddress_unique_primary_email")]
    operations = [migrations.RunSQL(EVENTS), migrations.RunSQL(ADDRESSES)]
