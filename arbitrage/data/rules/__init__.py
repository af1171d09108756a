"""What a cell may hold: cell by cell, which is the definition, and for whole columns at once."""
