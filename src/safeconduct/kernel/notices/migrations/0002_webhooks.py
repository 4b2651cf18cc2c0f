"""What sending webhooks needs, and the portal's words for how often mail comes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]

    operations = [
        migrations.RenameField(model_name="mailsetting", old_name="pace", new_name="digest"),
        migrations.AlterField(
            model_name="mailsetting",
            name="digest",
            field=models.CharField(
                choices=[("now", "each at once"), ("daily", "once a day"), ("urgent", "urgent ones only")],
                default="now",
                max_length=8,
            ),
        ),
        migrations.RunSQL(
            "UPDATE mail_setting SET digest = CASE digest WHEN 'each' THEN 'now' ELSE 'urgent' END"
            " WHERE digest IN ('each', 'off')",
            "UPDATE mail_setting SET digest = CASE digest WHEN 'now' THEN 'each' ELSE 'off' END"
            " WHERE digest IN ('now', 'urgent')",
        ),
        migrations.AddConstraint(
            model_name="mailsetting",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__in", ["now", "daily", "urgent"])), name="mail_setting_digest"
            ),
        ),
        migrations.AddField(model_name="endpoint", name="failures", field=models.IntegerField(default=0)),
        migrations.AddField(model_name="endpoint", name="paused_until", field=models.DateTimeField(null=True)),
        migrations.RemoveField(model_name="webhookattempt", name="answer"),
        migrations.RemoveIndex(model_name="webhookdelivery", name="webhook_delivery_due"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["endpoint", "due_at"], name="webhook_delivery_next"
            ),
        ),
        migrations.CreateModel(
            name="EndpointStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("created", "created"),
                            ("changed", "changed"),
                            ("rotated", "secret changed"),
                            ("on", "switched on"),
                            ("off", "switched off"),
                            ("resent", "messages resent"),
                        ],
                        max_length=8,
                    ),
                ),
                ("actor", models.CharField(max_length=40)),
                ("role", models.CharField(max_length=40)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="notices.endpoint"
                    ),
                ),
            ],
            options={"db_table": "webhook_step"},
        ),
    ]
