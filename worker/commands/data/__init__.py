"""`arbtune data`: commands about data files, which need no server."""
