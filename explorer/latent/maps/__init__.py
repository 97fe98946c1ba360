"""The engine of the map: neighbours, layouts, where new codes go, how far to trust it all. No Qt, no torch.

Every long computation is a job `f(task, arrays, options)`; see docs/map.md for all of them.
"""
