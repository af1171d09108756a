"""The commands that answer from the rows of sweeps, a module each."""
