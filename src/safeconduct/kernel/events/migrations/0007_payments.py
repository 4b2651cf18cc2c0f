"""The column of the fact table for the payment that paid an order, perhaps with others."""

from django.db import migrations

FORWARDS = """
ALTER TABLE fact ADD COLUMN "payment" bigint;
CREATE INDEX fact_by_payment ON fact ("payment", type, moment) WHERE "payment" IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0006_join")]
    operations = [migrations.RunSQL(FORWARDS, 'ALTER TABLE fact DROP COLUMN "payment"')]
