"""In the main process: leases, the reconciler, outages, signs of life, the end."""
