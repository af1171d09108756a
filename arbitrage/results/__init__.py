"""What came out of a sweep: its rows, their folder, the ranking."""
