"""What goes in and out as JSON: a config and its rules, figures, metrics, the result document."""
