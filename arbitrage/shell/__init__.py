"""What every command line shares: arguments, numbers as people write them, exit statuses."""
