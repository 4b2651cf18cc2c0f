"""Two people claim a shop: its pages for the shop, for whoever has no access, and for the staff who decide."""
