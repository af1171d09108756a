"""The report of a sweep: what its rows show, and the one file to look at."""
