"""The breach desk: an incident starts every clock that applies; each stops with proof of what was sent."""
