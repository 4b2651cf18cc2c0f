"""Deadlines that hold for people: working hours, holidays, zones, pauses. Pure: time goes in, time comes out.

`terms` says how long somebody has and reads it from text, `calendars` when a party works, `spans` when a clock stands
still, `counting` when a term ends, when to remind of it, and how much of it has run.
"""
