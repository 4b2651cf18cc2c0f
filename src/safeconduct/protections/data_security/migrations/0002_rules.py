from django.db import migrations

#: What was leased or taken out stays as it was.
SHOWN = """
CREATE FUNCTION lease_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was shown stays on the list: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON buyer_lease FOR EACH ROW EXECUTE FUNCTION lease_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON contact_export FOR EACH ROW EXECUTE FUNCTION lease_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON canary FOR EACH ROW EXECUTE FUNCTION lease_stays();
"""
#: Nobody who writes a step can forget its line in the record, and what was proved or done is never rewritten.
PROVED = """
CREATE FUNCTION data_step_leaf() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO leaf (kind, subject, body, created_at) VALUES ('data_step', NEW.id, '{}', NEW.at);
    RETURN NULL;
END
$$;
CREATE TRIGGER leaf AFTER INSERT ON data_step FOR EACH ROW EXECUTE FUNCTION data_step_leaf();
CREATE FUNCTION data_proof_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was done about personal data stays: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON data_step FOR EACH ROW EXECUTE FUNCTION data_proof_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON data_incident_proof FOR EACH ROW EXECUTE FUNCTION data_proof_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON retention_run FOR EACH ROW EXECUTE FUNCTION data_proof_stays();
"""
#: Touches of canaries that are past their time can be deleted, through one function that takes no younger one.
TOUCHES = """
CREATE FUNCTION canary_touch_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM canary_touch WHERE id = ANY (ids) AND at < now() - interval '84 months';
END
$$;
REVOKE EXECUTE ON FUNCTION canary_touch_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION canary_touch_forget(text[]) TO safeconduct_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("data_security", "0001_tables"), ("record", "0001_tables")]
    operations = [migrations.RunSQL(SHOWN), migrations.RunSQL(PROVED), migrations.RunSQL(TOUCHES)]
