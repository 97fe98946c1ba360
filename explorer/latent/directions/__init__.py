"""Directions of a latent space, found in several ways. Arrays in, arrays out; long ones are jobs.

`means`: class means, plain and balanced. `boundary`: support-vector boundaries. `closed_form`: SeFa and
components of codes. `following`: paths along a bent boundary. `holding`: one direction while others stay.
"""

from explorer.latent.directions.means import Found, Labelled, class_means, moved

__all__ = ["Found", "Labelled", "class_means", "moved"]
