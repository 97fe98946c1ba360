"""Curves and sample grids for other programs, written beside a run: one small file for each of them."""
