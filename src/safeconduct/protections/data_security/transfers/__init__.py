"""Where data goes: the gate before it crosses a border, counters of people, and the record of processing."""
