"""The client's side of a walk-forward: `training` runs a sweep over some rows, `page` is read."""
