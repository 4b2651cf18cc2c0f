from django.db import migrations

FORWARDS = """
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
BACKWARDS = "DROP FUNCTION payout_words_forget(text[]);"


class Migration(migrations.Migration):
    """What was written about a payout account goes with its number, and not before."""

    dependencies = [("accounts", "0003_papers_of_a_person"), ("ledger", "0007_accounts_past_their_time")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
