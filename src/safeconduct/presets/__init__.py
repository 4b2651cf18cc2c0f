"""The marketplace's numbers as dated data: commission, fees, release of money, payouts. Each says where it comes from.

One YAML file for each preset; the setting ``SAFECONDUCT_PRESET`` chooses one. Files are read strictly: what is not
known here is refused with the place in the file and the way out.
"""
