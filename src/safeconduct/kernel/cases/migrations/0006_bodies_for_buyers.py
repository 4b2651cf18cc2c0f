from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models

import safeconduct.kernel.cases.outside_models

#: As before, and who has taken a case outside stays as well.
RULES = """
CREATE OR REPLACE FUNCTION case_referral_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL
       OR (NEW.id, NEW.case_id, NEW.seller_key, NEW.body_id, NEW.outcome_before, NEW.referred_at, NEW.referred_by,
           NEW.referred_role)
          IS DISTINCT FROM
          (OLD.id, OLD.case_id, OLD.seller_key, OLD.body_id, OLD.outcome_before, OLD.referred_at, OLD.referred_by,
           OLD.referred_role)
       OR OLD.state = 'answered' AND (NEW.state, NEW.found, NEW.found_on, NEW.says, NEW.fees_minor, NEW.fees_currency)
          IS DISTINCT FROM (OLD.state, OLD.found, OLD.found_on, OLD.says, OLD.fees_minor, OLD.fees_currency)
    THEN
        RAISE EXCEPTION 'referral % does not change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
_WAYS = [("certified", "certified"), ("mediator", "mediator"), ("consumer", "consumer"), ("named", "named")]


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_outside_bodies")]

    operations = [
        migrations.AlterField("outsidebody", "way", models.CharField(choices=_WAYS, max_length=10)),
        migrations.AddField(
            "outsidebody",
            "takes_from",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                db_default=["seller"],
                default=safeconduct.kernel.cases.outside_models.of_sellers,
                size=None,
            ),
        ),
        migrations.AddField(
            "referral", "referred_role", models.CharField(db_default="seller", default="seller", max_length=10)
        ),
        migrations.AddConstraint(
            "referral",
            models.CheckConstraint(
                condition=models.Q(("referred_role__in", ["seller", "buyer"])), name="case_referral_by_a_party"
            ),
        ),
        migrations.RunSQL(RULES, migrations.RunSQL.noop),
    ]
