"""Answers from the rows of sweeps.

`neighbours` is arithmetic on the numbers of configs: which are beside one in the grids, and which
of several is in their middle. `plateau` asks it of rows: what stands beside a config, and which of
equals is shown. `query` finds the first configs of sweeps under a `condition`, and `in_words` tells
their specs in a line.
"""
