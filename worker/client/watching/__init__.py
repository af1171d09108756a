"""The queue as it is now: `overview` asks Redis for it, `page` and `lines` show it."""
