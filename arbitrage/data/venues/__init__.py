"""One venue's raw files, from a vendor, an archive or a recorder, as quotes of one shape.

A source is a format: it knows its files by their first bytes and reads them as batches of quotes.
What is done with the quotes stands in `arbitrage/data/align`.
"""
