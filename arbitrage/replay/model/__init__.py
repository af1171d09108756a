"""The trading model: the readable definition, one file a concern.

Each option defaults to the model without it. The kernels must agree with it to the last bit.
"""
