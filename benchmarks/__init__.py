"""What arbtune does in a second, beside what others do: `python -m benchmarks`."""
