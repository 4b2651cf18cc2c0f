"""Indexes for what the promise costs: open protected orders, and orders with claims."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "coverage",
            models.Index(
                fields=["template"],
                include=["up_to_minor"],
                condition=Q(state__in=["active", "protected", "partly", "claimed"]),
                name="coverage_open",
            ),
        ),
        migrations.AddIndex(
            "coverage",
            models.Index(
                fields=["order_key"],
                condition=Q(state__in=["claimed", "paid", "denied"]),
                name="coverage_of_claims",
            ),
        ),
    ]
