"""The queue around the domain: Celery carries the jobs, the ledger in Redis is the truth."""
