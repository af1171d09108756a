"""Commands that show the queue as it is now, to people and to Prometheus."""
