"""Outside a worker: sending, waiting, answers, and a server of its own for one command."""
