"""The modules of a sweep through the queue: its chunks inside a worker, its client outside."""
