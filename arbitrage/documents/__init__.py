"""What goes in and out as JSON: a config with the rule of each field, figures, result documents."""
