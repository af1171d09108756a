"""Commands for the first hour: a spec to begin with, settings, completion, a check of all."""
