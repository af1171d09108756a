"""Sweep specs: what holds, what varies, and which config has which number."""
