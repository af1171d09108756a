"""Commands for the first hour: a spec to begin with, the settings, completion in a shell."""
