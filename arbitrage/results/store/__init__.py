"""The rows of sweeps, kept in files.

`rows` says what a row is, `folder` keeps them in parts, `description` says what they are results
of, `ranking` reads from them which come first. `missing_rows` is what a sweep lacks, `other_sweeps`
where some of it may be found, and `computing` has the rest computed here. `known_sweeps` finds a
sweep by what users call it.
"""
