"""What workers and clients tell of themselves in Redis, for a while."""
