"""What goes out: the inbox in the portal, e-mail, and signed webhooks to the shop."""
