"""A check for people: 80 columns, no colours, the same on a terminal and in a pipe."""
