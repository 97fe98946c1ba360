"""Generative models of points in a plane, small enough to watch each step: for teaching.

`distributions`, `settings`, `presets`, `figures` and `sentences` need no torch.
"""
