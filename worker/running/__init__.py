"""What runs in `arbtune worker`: delivery, then the main process, then the jobs in its children."""
