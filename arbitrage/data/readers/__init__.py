"""From bytes to columns, one file a format."""
