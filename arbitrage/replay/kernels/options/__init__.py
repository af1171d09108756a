"""Kernels that serve the options: the plain scan with all of them, and trips for one slot."""
