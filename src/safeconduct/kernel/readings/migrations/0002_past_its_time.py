from django.db import migrations, models

FORWARDS = """
CREATE OR REPLACE FUNCTION reading_stays() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE FUNCTION reading_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM reading WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION reading_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reading_forget(text[]) TO safeconduct_engine;
"""
BACKWARDS = """
DROP FUNCTION reading_forget(text[]);
CREATE OR REPLACE FUNCTION reading_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'seller_key') IS DISTINCT FROM (to_jsonb(OLD) - 'seller_key')
        OR OLD.embargo_id IS NULL OR OLD.seller_key IS NOT NULL OR NEW.seller_key IS DISTINCT FROM OLD.concerns THEN
        RAISE EXCEPTION 'who looked stays: % on reading is refused', TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    """Readings that are past their time can be deleted, through one function that takes no younger one."""

    dependencies = [("readings", "0001_initial")]
    operations = [
        migrations.AddIndex(model_name="reading", index=models.Index(fields=["at"], name="reading_by_time")),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
