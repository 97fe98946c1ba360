"""Directions that are learnt: a matrix of them is trained against a frozen model, with nobody's labels.

`settings` needs no torch. `job` is the search as a long computation, `voynov` and `latentclr` are methods.
"""
