"""Buyer-data leases: a member of a shop sees one order's recipient, for one purpose, for ten minutes, within a quota.

Files with contacts of many orders come out of the same quota, and carry rows that exist only to be touched by a thief.
"""
