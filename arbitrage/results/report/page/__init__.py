"""The file itself: what a page is made of, and how it is written down."""
