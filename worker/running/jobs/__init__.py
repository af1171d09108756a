"""In a child: one job, or one chunk of a sweep, and what bounds it."""
