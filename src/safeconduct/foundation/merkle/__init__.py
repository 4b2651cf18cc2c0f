"""Merkle trees as RFC 6962 and RFC 9162 define them: hashes, proofs, and the tiles they are stored in."""
