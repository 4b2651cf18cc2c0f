"""What can be asked of a mail by the code at its foot."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0003_former_addresses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SentMail",
            fields=[
                ("code", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("mail_id", models.CharField(max_length=30, unique=True)),
                ("about", models.CharField(max_length=60)),
                ("seller_key", models.BigIntegerField(null=True)),
                ("to_masked", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "sent_mail",
                "indexes": [models.Index(fields=["at"], name="sent_mail_by_age")],
            },
        ),
        migrations.AddIndex(
            "NoticeCopy",
            models.Index(
                fields=["mail_id"], condition=models.Q(("mail_id", ""), _negated=True), name="notice_copy_of_mail"
            ),
        ),
    ]
