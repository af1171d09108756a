"""Counters: each is shown a file batch by batch and holds what it has seen, a noun a file."""
