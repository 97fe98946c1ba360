"""Trainings that are done by a Ray cluster and followed from here, like any other (extra `cluster`).

Here: `places` (which cluster, and where its address is kept), `baggage` (what is sent), `mirror` (copying the
run's folder back), `host` (the process that follows one run), `line` and `courier` (the connection, a child
process that alone imports Ray). There: `job` (the entry point of the Ray job) and `folder` (what the actor
beside it does). No torch.
"""
