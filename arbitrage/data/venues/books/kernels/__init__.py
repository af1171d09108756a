"""Compiled: the levels of a book, and its best quotes message by message.

A kernel takes arrays and numbers and knows no files.
"""
