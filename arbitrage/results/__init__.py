"""What came out of sweeps: their rows in files, and whether the best of them is luck."""
