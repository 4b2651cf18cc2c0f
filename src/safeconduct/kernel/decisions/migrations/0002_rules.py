from django.db import migrations

#: Decisions about accounts can be deleted when they are past their time, through one function that takes no younger one,
#: and none about an order: those are the reasons that somebody was given for money.
FORGET = """
CREATE FUNCTION decision_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM decision WHERE id = ANY (ids)
               AND (order_key IS NOT NULL OR decided_at >= now() - interval '18 months')) THEN
        RAISE EXCEPTION 'a decision about an order, or of the last 18 months, stays'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM review WHERE decision_id = ANY (ids);
    DELETE FROM decision WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION decision_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION decision_forget(text[]) TO safeconduct_engine;
"""
#: Django makes indexes for patterns of unique texts: nobody looks for the beginning of an id, and each decision would be
#: written into them.
LEAN = "DROP INDEX decision_id_b2929e7b_like, review_decision_id_8a4c4681_like"


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_tables")]
    operations = [migrations.RunSQL(FORGET), migrations.RunSQL(LEAN)]
