"""Webhooks: how the marketplace's own systems learn what was decided, protected, held and paid.

They follow the Standard Webhooks specification (1.0.0): any of its libraries verifies what is sent. docs/webhooks.md
is for whoever receives them.
"""
