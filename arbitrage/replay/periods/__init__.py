"""What configs earn in each period of the clock: the series that statistics of a search need."""
