"""One config with everything on: its trades, its equity, where the money went, what would break it.

`recording` runs the plain scan once and has it written down; `trade_table` and `equity_curve` make
frames of that, `money`, `habits` and `quality` figures, and `explanation` puts all together.
`ladder` and `break_even` run the config again under other conditions.
"""
