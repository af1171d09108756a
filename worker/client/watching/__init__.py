"""The queue as it is now.

`overview` asks Redis for it, `page` draws it, `printing` prints it once, `screen` keeps it up to
date.
"""
