"""Computing: prepared files and their cache, and the compiled kernels that run over them."""
