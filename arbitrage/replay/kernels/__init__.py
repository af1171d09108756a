"""The model compiled: a plain scan over every row, and a replay that touches trades alone.

Arrays and scalars in, arrays out; no files, no objects, no errors. Both agree with the engine to
the last bit, because every figure is computed by the engine's own expression in the engine's order.
What is regrouped only decides where to look, with a margin, and never enters a figure.

The replay rests on three facts, which hold as long as no threshold is negative:

- Trades open only where a side's spread is at or above zero, and on one row at most one side's is.
  A *window* is a longest run of tradable rows on which the same side's is. Whatever opens inside it
  closes together on the first tradable row after it, so windows meet in the account alone.
- With one slot the trade of a window opens on its first row at or above the threshold. That is one
  of its *records*: the rows on which its spread is higher than on all its rows before.
- While the same trades are open, equity falls as the `exit` rises (the short leg's ask less the
  long leg's bid), and so does every rounded step of its computation. The lowest equity of a stretch
  of rows is therefore exactly that of its highest exit.

A run that is given a `PeriodSheet` writes what it earns in each period, instead of what it comes
to.
"""
