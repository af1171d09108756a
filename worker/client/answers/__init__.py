"""Answers from the rows of sweeps, for people, pipes and programs."""
