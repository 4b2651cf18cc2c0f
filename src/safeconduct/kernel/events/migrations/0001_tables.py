"""Events, and what is known of each of them.

The fact table is written out, so that it stays what it was when the catalogue grows; a new indexed field comes with a
migration of its own (a test compares the table with the catalogue). Beside the fields: `occurred`, microseconds since
2020 of when the event happened, and `imported`, the moment at which history was imported, null for what was known at its
own moment.

`foundation.policy.hot_keys` says what the roll-ups mean. Rows of `rollup` and `rollup_seen` belong to a row of `hot_key`
by its id; one that is `gone` counts no more at once, and its buckets are removed afterwards."""

import django.utils.timezone
from django.db import migrations, models

import safeconduct.kernel.events.models
from safeconduct.kernel.create_models import CreateModels

#: One row for each event, one column for each indexed field of the catalogue, one index for each key.
FACT = """
CREATE TABLE fact (
    moment bigint PRIMARY KEY,
    type smallint NOT NULL,
    "occurred" bigint NOT NULL,
    "imported" bigint,
    "seller" bigint,
    "seller_country" text,
    "locale" text,
    "email" bigint,
    "phone" bigint,
    "address" bigint,
    "bank_account" bigint,
    "device" bigint,
    "ip" bigint,
    "ip_country" text,
    "category" text,
    "seller_registered_at" bigint,
    "member" bigint,
    "factor" text,
    "new_device" boolean,
    "proxy" boolean,
    "reason" text,
    "session_age_s" bigint,
    "change" text,
    "account_country" text,
    "amount" bigint,
    "outcome" text,
    "rows" bigint,
    "listing" bigint,
    "product" bigint,
    "price" bigint,
    "price_before" bigint,
    "promotion" text,
    "buyer" bigint,
    "order" bigint,
    "stars" bigint,
    "rights_owner" bigint,
    "right" text,
    "card" bigint,
    "card_bin" bigint,
    "card_country" text,
    "card_funding" text,
    "avs" text,
    "cvv" text,
    "three_ds" text,
    "liability_shift" boolean,
    "payment_method" text,
    "decline_code" text,
    "billing_address" bigint,
    "ship_country" text,
    "bill_country" text,
    "email_domain" text,
    "items" bigint,
    "buyer_registered_at" bigint,
    "email_first_seen_at" bigint,
    "guest" boolean,
    "digital" boolean,
    "freight_forwarder" boolean,
    "gift_card" boolean,
    "name_matches_card" boolean,
    "shipping_speed" text,
    "discount" bigint,
    "address_changed" boolean,
    "parcel" bigint,
    "carrier" text,
    "weight_g" bigint,
    "scan" text,
    "signed" boolean,
    "keeps_goods" boolean,
    "dispute" bigint,
    "network" text,
    "due_at" bigint,
    "units" bigint,
    "defects" bigint,
    "act" text,
    "member_role" text,
    "new_network" boolean,
    "new_country" boolean,
    "impossible_travel" boolean,
    "score_band" bigint,
    "password_breached" boolean,
    "network_changed" boolean,
    "browser_changed" boolean,
    "device_proof_failed" boolean,
    "dormant_days" bigint,
    "deep_cuts_percent" bigint,
    "usual_rows" bigint,
    "over_quota" boolean,
    "canary" boolean,
    "asked_in_chat" boolean,
    "impersonated" boolean,
    "payment" bigint
);
CREATE INDEX fact_by_seller ON fact ("seller", type, moment) WHERE "seller" IS NOT NULL;
CREATE INDEX fact_by_email ON fact ("email", type, moment) WHERE "email" IS NOT NULL;
CREATE INDEX fact_by_phone ON fact ("phone", type, moment) WHERE "phone" IS NOT NULL;
CREATE INDEX fact_by_address ON fact ("address", type, moment) WHERE "address" IS NOT NULL;
CREATE INDEX fact_by_bank_account ON fact ("bank_account", type, moment) WHERE "bank_account" IS NOT NULL;
CREATE INDEX fact_by_device ON fact ("device", type, moment) WHERE "device" IS NOT NULL;
CREATE INDEX fact_by_ip ON fact ("ip", type, moment) WHERE "ip" IS NOT NULL;
CREATE INDEX fact_by_member ON fact ("member", type, moment) WHERE "member" IS NOT NULL;
CREATE INDEX fact_by_listing ON fact ("listing", type, moment) WHERE "listing" IS NOT NULL;
CREATE INDEX fact_by_product ON fact ("product", type, moment) WHERE "product" IS NOT NULL;
CREATE INDEX fact_by_buyer ON fact ("buyer", type, moment) WHERE "buyer" IS NOT NULL;
CREATE INDEX fact_by_order ON fact ("order", type, moment) WHERE "order" IS NOT NULL;
CREATE INDEX fact_by_rights_owner ON fact ("rights_owner", type, moment) WHERE "rights_owner" IS NOT NULL;
CREATE INDEX fact_by_card ON fact ("card", type, moment) WHERE "card" IS NOT NULL;
CREATE INDEX fact_by_card_bin ON fact ("card_bin", type, moment) WHERE "card_bin" IS NOT NULL;
CREATE INDEX fact_by_billing_address ON fact ("billing_address", type, moment) WHERE "billing_address" IS NOT NULL;
CREATE INDEX fact_by_parcel ON fact ("parcel", type, moment) WHERE "parcel" IS NOT NULL;
CREATE INDEX fact_by_dispute ON fact ("dispute", type, moment) WHERE "dispute" IS NOT NULL;
CREATE INDEX fact_by_payment ON fact ("payment", type, moment) WHERE "payment" IS NOT NULL;
CREATE INDEX fact_imported ON fact (imported) WHERE imported IS NOT NULL;
ALTER TABLE fact SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
"""
QUEUE = """
CREATE TABLE event_queue (
    moment bigint PRIMARY KEY,
    not_before timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0,
    problem text NOT NULL DEFAULT ''
);
CREATE INDEX event_queue_due ON event_queue (not_before, moment);
"""
#: Roll-ups of keys with very many events: which keys have one, its buckets, and when each value was last seen.
HOT_KEY = """
CREATE TABLE hot_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bigint NOT NULL,
    "window" bigint NOT NULL,
    built_from bigint NOT NULL,
    built_to bigint NOT NULL,
    finest smallint NOT NULL,
    gone boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX hot_key_current ON hot_key (key, "window") WHERE NOT gone;
"""
ROLLUP = """
CREATE TABLE rollup (
    hot bigint NOT NULL,
    level smallint NOT NULL,
    bucket bigint NOT NULL,
    n bigint NOT NULL,
    total numeric,
    low bigint,
    high bigint,
    PRIMARY KEY (hot, level, bucket)
);
"""
SEEN = """
CREATE TABLE rollup_seen (
    hot bigint NOT NULL,
    value text COLLATE "C" NOT NULL,
    last_moment bigint NOT NULL,
    PRIMARY KEY (hot, value)
);
CREATE INDEX rollup_seen_by_moment ON rollup_seen (hot, last_moment);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModels(
            migrations.CreateModel(
                name="EventBody",
                fields=[
                    ("moment", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("sealed", models.BinaryField()),
                ],
                options={
                    "db_table": "event_body",
                },
            ),
            migrations.CreateModel(
                name="Delivery",
                fields=[
                    (
                        "id",
                        models.CharField(
                            default=safeconduct.kernel.events.models._delivery_id,
                            max_length=30,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("connector", models.CharField(max_length=40)),
                    ("digest", models.BinaryField()),
                    ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                    ("state", models.CharField(choices=[("read", "read"), ("refused", "refused")], max_length=10)),
                    ("reason", models.TextField(blank=True)),
                    ("topic", models.CharField(blank=True, max_length=120)),
                    ("events", models.IntegerField(default=0)),
                    ("unknown", models.IntegerField(default=0)),
                    ("refused", models.IntegerField(default=0)),
                    ("sealed", models.BinaryField()),
                ],
                options={
                    "db_table": "delivery",
                    "indexes": [models.Index(fields=["connector", "received_at"], name="delivery_by_connector")],
                    "constraints": [models.UniqueConstraint(fields=("connector", "digest"), name="delivery_once")],
                },
            ),
            migrations.CreateModel(
                name="Event",
                fields=[
                    ("moment", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("id", models.CharField(max_length=30, unique=True)),
                    ("source", models.CharField(max_length=120)),
                    ("source_id", models.CharField(max_length=200)),
                    ("type", models.CharField(max_length=80)),
                    (
                        "kind",
                        models.SmallIntegerField(
                            choices=[(0, "live"), (1, "imported history"), (2, "of a type the catalogue does not know")]
                        ),
                    ),
                    ("occurred_at", models.DateTimeField()),
                    ("received_at", models.DateTimeField()),
                    ("seller_key", models.BigIntegerField(null=True)),
                    ("order_key", models.BigIntegerField(null=True)),
                    ("data", models.JSONField()),
                ],
                options={
                    "db_table": "event",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("order_key__isnull", False)),
                            fields=["order_key", "moment"],
                            name="event_by_order",
                        ),
                        models.Index(fields=["seller_key", "moment"], name="event_by_seller"),
                        models.Index(fields=["type", "moment"], name="event_by_type"),
                    ],
                    "constraints": [models.UniqueConstraint(fields=("source", "source_id"), name="event_once")],
                },
            ),
            migrations.CreateModel(
                name="Rate",
                fields=[
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "currency", "target", "day", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("currency", models.CharField(max_length=3)),
                    ("target", models.CharField(max_length=3)),
                    ("day", models.DateField()),
                    ("rate", models.DecimalField(decimal_places=12, max_digits=24)),
                    ("source", models.CharField(max_length=200)),
                ],
                options={
                    "db_table": "rate",
                    "constraints": [models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="rate_positive")],
                },
            ),
        ),
        migrations.RunSQL(FACT),
        migrations.RunSQL(QUEUE),
        migrations.RunSQL(HOT_KEY),
        migrations.RunSQL(ROLLUP),
        migrations.RunSQL(SEEN),
    ]
