"""The client's side of a sweep: what is missing is sent, what comes is collected and told."""
