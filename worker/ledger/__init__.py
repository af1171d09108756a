"""The truth about jobs: the state machine in Redis, its view, its messages, the connection.

`ledger.lua` is the state machine and `ledger` calls it: claims, outcomes, dead letters. `retries`
says how long a failed job waits. `view` only reads. `names` has all names in Redis. `envelope` is
the message that carries a job, `celery_meta` the result that Celery's clients read. `connection`
opens the way to a server, `redis_client` says why it is away.
"""
