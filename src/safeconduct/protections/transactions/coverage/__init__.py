"""Coverage of orders, pure: a dated template and the facts of an order give its certificate.

Nothing here knows Django or a database. Times are microseconds since 2020-01-01Z (`foundation.moments`), amounts are
minor units of one currency, and every fact carries the moment of the event that proves it.
"""
