"""Data files prepared for the kernels: what is kept of them, recognised and mapped into memory."""
