"""What goes out: notices to people (inbox and e-mail) and webhooks to the shop's systems.

Business code writes rows in its own transaction (`outbox.notify`, `outbox.publish`); workers send them
(`upkeep.keep_up`).
"""
