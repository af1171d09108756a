"""A worker's log: its lines, and a stream that never blocks."""
