"""The commands of `arbtune`, a module each: flags and printing."""
