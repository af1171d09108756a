"""What a snapshot file is like, before a sweep is spent on it; docs/data.md has the definitions."""
