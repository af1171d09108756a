"""Many numbers told in few: exact counts by round figures, exact quantiles."""
