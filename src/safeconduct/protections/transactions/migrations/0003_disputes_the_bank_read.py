"""Whether the bank was given an answer to read, kept with the dispute: its history knows only what was followed live."""

from django.db import migrations

#: Of news that came at once the history kept the last status alone; the log has them all. A dispute that never went
#: beyond a chargeback was *under review* as one.
_REMEMBER = """
UPDATE bank_dispute d SET reviewed = true
WHERE EXISTS (SELECT FROM bank_dispute_step s WHERE s.dispute_id = d.id AND s.stage = d.stage
              AND s.status IN ('under_review', 'warning_under_review'))
   OR d.stage = 'chargeback' AND d.reopened = 0
      AND EXISTS (SELECT FROM fact f JOIN event e ON e.moment = f.moment
                  WHERE f.dispute = d.dispute_key AND f.type = 65 AND e.data ->> 'outcome' = 'under_review')
"""


class Migration(migrations.Migration):
    dependencies = [("transactions", "0002_rules"), ("events", "0001_tables")]
    operations = [migrations.RunSQL(_REMEMBER, migrations.RunSQL.noop)]
