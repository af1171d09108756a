"""Jobs as their client has them: read from a file, sent, waited for, and what became of them."""
