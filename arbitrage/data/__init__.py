"""Quotes: data files read, judged, and handed on as rows."""
