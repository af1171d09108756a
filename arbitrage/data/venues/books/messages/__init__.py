"""Book sources whose files are JSON, a message of the venue a line."""
