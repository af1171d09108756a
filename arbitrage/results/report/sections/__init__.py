"""The sections of the report, each of what is known of the sweep."""
