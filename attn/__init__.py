"""Attention mechanisms in NumPy: one equation, one function, with its backward pass.

Read the modules in this order, which is also the order of the book's chapters and of the imports:
`types`, then `ops`, `mechanisms` and `models`. `tools` stand beside them.
"""
