"""In the main process: leases, the reconciler, outages (`redis.away`), signs of life, the end.

`periodic_work` renews the `leases` and lets the `reconciler` look for lost jobs, which has a pace
of its own. `outage` logs that Redis is away and that it is back. `signs_of_life` touches the probe
files. `warmup` prepares a child.
"""
