"""The bytes of a data file: opened, bounded, hashed, unpacked, told apart from other formats."""
