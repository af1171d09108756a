"""The modules for whoever operates workers: what they show of themselves, and checks of it."""
