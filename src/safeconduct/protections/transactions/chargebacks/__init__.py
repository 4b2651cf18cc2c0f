"""Chargebacks: the mirror of a bank's dispute, what the bank wants to see, and the answer that is sent once.

Pure files first: `reason_codes`, `ce3`, `packs` and `worth` need no database. What is stored, sent and swept lies
beside them.
"""
