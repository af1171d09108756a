"""Whether the best of many configs is luck: the statistics of a search, on plain arrays."""
