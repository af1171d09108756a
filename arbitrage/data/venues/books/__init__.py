"""Sources that tell a book's changes: replayed to its best quotes.

A source reads its messages as changes (`changes.py`); `replay.py` turns these into quotes, book by
book, and `kernels/` does the work. A book is carried from batch to batch and from file to file.
"""
