"""One venue's files, read and put in order: in at `spool`, out at `states`."""
