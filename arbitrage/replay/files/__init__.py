"""Data files prepared for the kernels: what is kept of them; `data_cache` keeps and evicts it."""
