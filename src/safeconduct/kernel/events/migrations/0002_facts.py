"""The fact table: one row for each event, one column for each indexed field of the catalogue, one index for each key.

Written out, so that it stays what it was when the catalogue grows; a new indexed field comes with a migration of its
own (a test compares the table with the catalogue). Beside the fields: `occurred`, microseconds since 2020 of when the
event happened, and `imported`, the moment at which history was imported, null for what was known at its own moment.
"""

from django.db import migrations

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
    "defects" bigint
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

BODY = """
ALTER TABLE event_body ALTER COLUMN sealed SET STORAGE EXTERNAL;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL(FACT, "DROP TABLE fact"),
        migrations.RunSQL(QUEUE, "DROP TABLE event_queue"),
        migrations.RunSQL(BODY, migrations.RunSQL.noop),
    ]
