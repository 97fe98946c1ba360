"""A map of points: the view, its legend, and how it is drawn."""
