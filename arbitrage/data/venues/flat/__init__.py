"""Flat sources: tables with the best quotes of one moment in each row, CSV or Parquet.

`layouts` says which columns each of them has; the other files read any of them.
"""
