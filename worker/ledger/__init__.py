"""The truth about jobs: the state machine in Redis, its view, its messages, the connection."""
