"""Commands that show the queue as it is now."""
