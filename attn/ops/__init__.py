"""Functions of arrays: the equations that mechanisms are made of."""
