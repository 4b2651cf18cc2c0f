"""Decisions, reviews and the counts of rules lose indexes that nobody reads and each decision would be written into:
those for the beginning of an id, and one that begins like another."""

from django.db import migrations, models

PATTERNS = {"decision_id_b2929e7b_like": "decision (id", "review_decision_id_8a4c4681_like": "review (decision_id"}


class Migration(migrations.Migration):
    dependencies = [("decisions", "0005_labels_in_the_record")]
    operations = [
        *(
            migrations.RunSQL(f"DROP INDEX IF EXISTS {name}", f"CREATE INDEX {name} ON {of} varchar_pattern_ops)")
            for name, of in PATTERNS.items()
        ),
        migrations.AlterField(
            "rulecount",
            "version",
            models.ForeignKey(db_index=False, on_delete=models.PROTECT, related_name="+", to="decisions.policyversion"),
        ),
    ]
