"""Apps of a seller: which may read the shop's data, letting one in, and its end."""
