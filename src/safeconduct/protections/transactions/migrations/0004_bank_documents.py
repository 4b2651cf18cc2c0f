"""Files for banks. A file is never changed; it is removed, and stays for what was made of it."""

import django.db.models.deletion
from django.db import migrations, models

import safeconduct.protections.transactions.chargebacks.models

TRIGGERS = """
CREATE FUNCTION bank_document_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a file for a bank is never changed; remove it and add another: %', OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER never_changed BEFORE UPDATE ON bank_document FOR EACH ROW WHEN (
    OLD.removed_at IS NOT NULL OR (to_jsonb(OLD) - 'removed_at' - 'removed_by')
        IS DISTINCT FROM (to_jsonb(NEW) - 'removed_at' - 'removed_by')
) EXECUTE FUNCTION bank_document_refuses();
"""
UNDO = """
DROP TRIGGER never_changed ON bank_document;
DROP FUNCTION bank_document_refuses();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0003_chargebacks"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankDocument",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=safeconduct.protections.transactions.chargebacks.models._document_id,
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("seller_key", models.BigIntegerField(null=True)),
                ("document", models.CharField(max_length=40)),
                ("title", models.CharField(blank=True, default="", max_length=120)),
                ("version", models.CharField(blank=True, default="", max_length=40)),
                ("listing_key", models.BigIntegerField(null=True)),
                ("media_type", models.CharField(max_length=40)),
                ("size_bytes", models.IntegerField()),
                ("page_count", models.SmallIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("sealed", models.BinaryField()),
                ("scanned_by", models.CharField(blank=True, default="", max_length=20)),
                ("added_at", models.DateTimeField()),
                ("added_by", models.CharField(max_length=40)),
                ("by_role", models.CharField(max_length=20)),
                ("removed_at", models.DateTimeField(null=True)),
                ("removed_by", models.CharField(blank=True, default="", max_length=40)),
                (
                    "dispute",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="transactions.bankdispute",
                    ),
                ),
            ],
            options={
                "db_table": "bank_document",
                "indexes": [
                    models.Index(
                        condition=models.Q(("dispute__isnull", False)),
                        fields=["dispute", "id"],
                        name="bank_document_of_dispute",
                    ),
                    models.Index(
                        condition=models.Q(("dispute__isnull", True)),
                        fields=["seller_key", "id"],
                        name="bank_document_kept",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("dispute", "seller_key", "document", "sha256"),
                        name="bank_document_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("page_count__gt", 0),
                            ("size_bytes__gt", 0),
                            ("page_count__lte", 6),
                            ("size_bytes__lte", 2000000),
                        ),
                        name="bank_document_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("removed_at__isnull", True), ("removed_by", "")),
                            models.Q(("removed_at__isnull", False), models.Q(("removed_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="bank_document_removed_by_whom",
                    ),
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
