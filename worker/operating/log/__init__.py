"""A worker's log: the format of its lines, and a stream that never blocks.

What an event says stands where it happens: look for its name, such as `redis.away`.
"""
