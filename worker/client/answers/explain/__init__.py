"""One config explained: `asked_config` finds the one that is meant, `page` is read."""
