from django.db import migrations

FORWARDS = r"""
-- What is past its time loses its number by the owner's function alone; what is younger by nobody.
CREATE FUNCTION payout_account_forgets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.state = 'cancelled'
        AND greatest(OLD.asked_at, OLD.activated_at, OLD.ended_at) < now() - interval '60 months'
        AND NOT EXISTS (SELECT 1 FROM ledger_payout p
                        WHERE p.account_id = OLD.id AND p.at >= now() - interval '60 months')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'payout account % keeps its number until its time is over', NEW.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER moves ON payout_account;
CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON payout_account
    FOR EACH ROW WHEN (NEW.sealed <> ''::bytea) EXECUTE FUNCTION payout_account_moves();
CREATE TRIGGER forgets BEFORE INSERT OR UPDATE ON payout_account
    FOR EACH ROW WHEN (NEW.sealed = ''::bytea) EXECUTE FUNCTION payout_account_forgets();
CREATE FUNCTION payout_account_forget(ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE payout_account SET state = 'cancelled', ended_at = coalesce(ended_at, now()), sealed = ''::bytea,
        blind = decode(repeat('00', 32), 'hex'), blind_before = NULL, last4 = '', changed_by = 'retention', why = ''
    WHERE id = ANY (ids);
END
$$;
REVOKE EXECUTE ON FUNCTION payout_account_forget(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payout_account_forget(text[]) TO safeconduct_engine;
CREATE INDEX payout_account_by_age ON payout_account (asked_at, id) WHERE sealed <> ''::bytea;
CREATE INDEX ledger_payout_to_account ON ledger_payout (account_id, at) WHERE account_id IS NOT NULL;
"""
BACKWARDS = r"""
DROP INDEX ledger_payout_to_account, payout_account_by_age;
DROP FUNCTION payout_account_forget(text[]);
DROP TRIGGER forgets ON payout_account;
DROP TRIGGER moves ON payout_account;
CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON payout_account FOR EACH ROW EXECUTE FUNCTION payout_account_moves();
DROP FUNCTION payout_account_forgets();
"""


class Migration(migrations.Migration):
    """Numbers and holders of payout accounts that are past their time go, through one function that takes no younger
    one; that there was an account, and what was paid to it, stays."""

    dependencies = [("ledger", "0006_accounts_found_by_another_key")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
