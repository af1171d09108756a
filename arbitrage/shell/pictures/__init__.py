"""Pictures for a terminal: within 80 columns, and readable where there is no colour."""
