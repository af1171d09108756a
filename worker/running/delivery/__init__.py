"""What replaces a part of Celery, in the order in which a message meets it.

1. `celery_config` names all of them when the app is first used.
2. `channel` takes an element out of the list: kombu's channel, without a copy of our own messages.
3. `message_check` judges it before it is parsed; what is not a message is recorded as a failure.
   Every process of the worker reads it as it was judged: `plain_json`.
4. `consumer` waits for the server where it is away, and hands the message to the pool.
5. `request` is the delivery in the main process: its time limit, its death, its cancel.
6. `worker.tasks` claims the job in the ledger and runs it, in a child.
7. `error_records` makes an error record of what Celery reports, where the attempt failed.
8. `result_backend` records the outcome, from the child or from the main process.
"""
