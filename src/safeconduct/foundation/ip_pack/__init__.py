"""What is known about IP addresses without asking anybody: country, network (ASN), coordinates, hidden networks.

The data are a *pack*: files that an operator has downloaded and imported. Each file is a part; what one part does not
know another may. Without a pack nothing is known, which is not the same as nothing being wrong.
"""
