"""Compiled: the levels of a book, and its best quotes message by message.

A kernel takes arrays and numbers and knows no files. A change takes 0.1 us here and 6.6 us when the
same lines run as Python (2 million made changes, a book of 300 levels, 26 November 2026), where
polars takes 0.3 us to read it from a CSV. The plain twin is `tests/helpers/oracles/naive_book.py`.
"""
