from django.db import migrations

#: What a reading says never changes, an investigation hides it from its seller while it runs, and nobody who writes one
#: can forget either, or its line in the record; the logins of sellers have no right to those tables themselves. What is
#: past its time can be deleted, through one function that takes no younger one.
RULES = """
CREATE FUNCTION reading_hidden() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    found reading_embargo;
BEGIN
    NEW.embargo_id := NULL;
    NEW.embargo_basis := '';
    IF NEW.side <> 'seller' AND NEW.concerns IS NOT NULL THEN
        SELECT * INTO found FROM reading_embargo e
        WHERE e.seller_key = NEW.concerns AND e.begun_at <= NEW.at AND coalesce(e.ended_at, e.until) > NEW.at
        ORDER BY coalesce(e.ended_at, e.until) DESC, e.id LIMIT 1;
        IF found.id IS NOT NULL THEN
            NEW.embargo_id := found.id;
            NEW.embargo_basis := found.basis;
            NEW.seller_key := NULL;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER hidden BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION reading_hidden();
CREATE FUNCTION reading_leaf() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO leaf (kind, subject, body, created_at) VALUES ('reading', NEW.id, '{}', NEW.at);
    RETURN NULL;
END
$$;
CREATE TRIGGER leaf AFTER INSERT ON reading FOR EACH ROW EXECUTE FUNCTION reading_leaf();
CREATE FUNCTION reading_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What is past its time is deleted by the owner's function alone; what is younger by nobody.
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '36 months'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'seller_key') IS DISTINCT FROM (to_jsonb(OLD) - 'seller_key')
        OR OLD.embargo_id IS NULL OR OLD.seller_key IS NOT NULL OR NEW.seller_key IS DISTINCT FROM OLD.concerns THEN
        RAISE EXCEPTION 'who looked stays: % on reading is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON reading FOR EACH ROW EXECUTE FUNCTION reading_stays();
CREATE FUNCTION reading_embargo_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
        OR (to_jsonb(NEW) - 'ended_at' - 'ended_by') IS DISTINCT FROM (to_jsonb(OLD) - 'ended_at' - 'ended_by') THEN
        RAISE EXCEPTION 'an embargo is ended early or runs out, and is never put off: % is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON reading_embargo
    FOR EACH ROW EXECUTE FUNCTION reading_embargo_stays();
CREATE FUNCTION reading_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM reading WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION reading_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reading_forget(text[]) TO safeconduct_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("readings", "0001_tables"), ("record", "0001_tables")]
    operations = [migrations.RunSQL(RULES)]
