"""The commands of `arbtune` that talk to the queue, a module each."""
