"""The verdict in words, for people who know no statistics."""
