"""What a cell may hold, and what a missing or an empty one means.

`cells` is the definition, cell by cell. The other files check whole columns at once: they accept
less than it, never more.
"""
