"""What is measured, a part a module."""
