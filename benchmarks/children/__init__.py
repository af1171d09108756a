"""What runs in a process of its own, for its time and its memory."""
