"""Two venues' quotes as one snapshot file: put in order, joined, written."""
