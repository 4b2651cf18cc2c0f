from django.db import migrations

#: What was written about a payout account goes with its number, and not before.
FORGET = """
CREATE FUNCTION payout_words_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM payout_contest c USING payout_account a
        WHERE a.id = c.account_id AND a.id = ANY (ids) AND a.sealed = ''::bytea;
    DELETE FROM payout_proposal p USING payout_account a
        WHERE a.id = p.target AND a.id = ANY (ids) AND a.sealed = ''::bytea;
END
$$;
REVOKE EXECUTE ON FUNCTION payout_words_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payout_words_forget(text[]) TO safeconduct_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_tables"), ("ledger", "0001_tables")]
    operations = [migrations.RunSQL(FORGET)]
