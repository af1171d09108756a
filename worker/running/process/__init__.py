"""In the main process: leases, the reconciler, outages (`redis.away`), signs of life, the end."""
