from django.db import migrations

FORWARDS = r"""
ALTER TABLE payout_account ADD COLUMN blind_before bytea CHECK (length(blind_before) = 32);
-- What the earlier root key finds, while it is being replaced: no number twice, under either key.
CREATE UNIQUE INDEX payout_account_either ON payout_account (seller_key, coalesce(blind_before, blind))
    WHERE state <> 'cancelled';
CREATE INDEX payout_account_same_before ON payout_account (coalesce(blind_before, blind));
CREATE OR REPLACE FUNCTION payout_account_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'payout account % must begin as a draft', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- The owner alone puts the vault's present form (2) in the place of form 1; nothing else changes with it.
    IF substr(OLD.sealed, 1, 1) = '\x01' AND substr(NEW.sealed, 1, 1) = '\x02'
        AND (to_jsonb(NEW) - 'sealed') = (to_jsonb(OLD) - 'sealed')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    -- And the owner alone finds the number under another root key (`kernel.vault.root_replacement`).
    IF (NEW.blind IS DISTINCT FROM OLD.blind OR NEW.blind_before IS DISTINCT FROM OLD.blind_before)
        AND (to_jsonb(NEW) - '{blind,blind_before}'::text[]) = (to_jsonb(OLD) - '{blind,blind_before}'::text[])
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.seller_key, NEW.blind, NEW.blind_before, NEW.sealed, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.seller_key, OLD.blind, OLD.blind_before, OLD.sealed, OLD.asked_by, OLD.asked_at)
        OR (OLD.verified_at IS NOT NULL AND NEW.verified_at IS DISTINCT FROM OLD.verified_at)
        OR (OLD.ageing_since IS NOT NULL AND NEW.ageing_since < OLD.ageing_since)
        OR (OLD.activated_at IS NOT NULL AND NEW.activated_at < OLD.activated_at) THEN
        RAISE EXCEPTION 'payout account % is not changed, it is replaced', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'draft>verified', 'draft>cancelled', 'verified>ageing', 'verified>review', 'verified>cancelled',
        'ageing>active', 'ageing>review', 'ageing>cancelled', 'review>ageing', 'review>cancelled',
        'active>aged', 'aged>active', 'active>frozen', 'aged>frozen', 'frozen>aged', 'frozen>cancelled',
        'aged>cancelled') THEN
        RAISE EXCEPTION 'payout account % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
BACKWARDS = r"""
CREATE OR REPLACE FUNCTION payout_account_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'payout account % must begin as a draft', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- The owner alone puts the vault's present form (2) in the place of form 1; nothing else changes with it.
    IF substr(OLD.sealed, 1, 1) = '\x01' AND substr(NEW.sealed, 1, 1) = '\x02'
        AND (to_jsonb(NEW) - 'sealed') = (to_jsonb(OLD) - 'sealed')
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.seller_key, NEW.blind, NEW.sealed, NEW.asked_by, NEW.asked_at)
        IS DISTINCT FROM (OLD.id, OLD.seller_key, OLD.blind, OLD.sealed, OLD.asked_by, OLD.asked_at)
        OR (OLD.verified_at IS NOT NULL AND NEW.verified_at IS DISTINCT FROM OLD.verified_at)
        OR (OLD.ageing_since IS NOT NULL AND NEW.ageing_since < OLD.ageing_since)
        OR (OLD.activated_at IS NOT NULL AND NEW.activated_at < OLD.activated_at) THEN
        RAISE EXCEPTION 'payout account % is not changed, it is replaced', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'draft>verified', 'draft>cancelled', 'verified>ageing', 'verified>review', 'verified>cancelled',
        'ageing>active', 'ageing>review', 'ageing>cancelled', 'review>ageing', 'review>cancelled',
        'active>aged', 'aged>active', 'active>frozen', 'aged>frozen', 'frozen>aged', 'frozen>cancelled',
        'aged>cancelled') THEN
        RAISE EXCEPTION 'payout account % does not go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP INDEX payout_account_either, payout_account_same_before;
ALTER TABLE payout_account DROP COLUMN blind_before;
"""


class Migration(migrations.Migration):
    """A payout account's number can be found under another root key, which the owner alone brings about."""

    dependencies = [("ledger", "0005_accounts_sealed_anew")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
