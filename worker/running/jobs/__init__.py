"""In a child: one job, or one chunk of a sweep, and what bounds it.

`task_argument` reads what the message carries. `job` runs a config and `chunk_job` a chunk.
`memory` and `data_root` bound them; the time limit is `delivery.request`'s. `canvas` sends what
follows.
"""
