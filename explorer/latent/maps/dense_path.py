"""The way between two points that stays where points lie, beside the straight and the spherical one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import BadRequest
from explorer.latent.maps.making import refuse_nothing, usable
from explorer.latent.maps.neighbours import Table, nearest, neighbour_table
from explorer.latent.paths import linear, spherical
from explorer.latent.task import Task

NEIGHBOURS = 10
POWER = 4.0  # of a step's length: one long step costs more than many short ones, so gaps are walked around
WAYS = {"linear": linear, "spherical": spherical}
STEPS = 32  # of the ways it is compared with


def between(task: Task, arrays: dict[str, np.ndarray], options: dict[str, Any]) -> dict[str, Any]:
    """Job: the dense way between rows `start` and `end` (options) of arrays `points` `[N, d]`.

    Arrays may hold `codes` `[N, D]`. Result: `rows` `[n]` of the points on the way; of `dense`, `linear` and
    `spherical` each the points as `NAME` `[m, d]` and `NAME off` `[m]`, the distance to the nearest real
    point in parts of the usual one; `codes` `[n, D]` of the rows. Data `sentence`. Raises `BadData`,
    `BadRequest` where no neighbours join the two, `Cancelled`.
    """
    points, rows = usable(arrays["points"])
    refuse_nothing(points)
    place = {int(row): at for at, row in enumerate(rows)}
    ends = [place.get(int(options[name]), -1) for name in ("start", "end")]
    if min(ends) < 0:
        raise BadRequest("One of these points is not on the map.", "Choose another one.")
    table = neighbour_table(task, points, keep=bool(options.get("cache", True)))
    way = dense_rows(table, *ends)
    ways = {"dense": points[way]}
    t = np.linspace(0, 1, max(len(way), STEPS), dtype=np.float32)
    ways |= {name: go(points[ends[0]], points[ends[1]], t) for name, go in WAYS.items()}
    usual = max(float(np.median(table.distances[:, 0])), 1e-12)
    result: dict[str, Any] = {"rows": rows[way]}
    for name, points_on in ways.items():
        result[name] = points_on
        result[f"{name} off"] = (nearest(task, points_on, points, 1)[1][:, 0] / usual).astype(np.float32)
    if "codes" in arrays:
        result["codes"] = arrays["codes"][rows[way]]
    farthest = {name: float(result[f"{name} off"].max()) for name in WAYS}
    return {**result, "data": {"sentence": _sentence(way, farthest)}}


def dense_rows(table: Table, start: int, end: int) -> NDArray[np.int64]:
    """Rows of the cheapest way over a graph of neighbours, a step costing its length to the `POWER`.

    (Dijkstra over the `NEIGHBOURS` nearest of each point, joined both ways; the whole table where that
    falls apart.) Raises `BadRequest` where no neighbours join the two.
    """
    for k in (min(NEIGHBOURS, table.k), table.k):
        found = _cheapest(table.first(k), start, end)
        if found is not None:
            return found
    raise BadRequest(
        "These two lie in groups that no neighbours join: there is no way through dense regions.",
        "Choose two points of one group, or take the straight way.",
    )


def _cheapest(table: Table, start: int, end: int) -> NDArray[np.int64] | None:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    count = len(table)
    scale = max(float(np.median(table.distances)), 1e-12)
    costs = np.maximum((table.distances.astype(np.float64) / scale) ** POWER, 1e-9)  # equal points touch too
    graph = csr_matrix(
        (costs.ravel(), table.rows.ravel(), np.arange(0, table.rows.size + 1, table.k)), shape=(count, count)
    )
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    way = [end]
    while way[-1] != start:
        if (previous := int(before[way[-1]])) < 0:
            return None
        way.append(previous)
    return np.array(way[::-1], np.int64)


def _sentence(way: NDArray[np.int64], farthest: dict[str, float]) -> str:
    steps = max(len(way) - 1, 0)
    said = ", ".join(f"the {name} way {off:.1f}" for name, off in farthest.items())
    return f"{steps} steps between neighbours. Farthest from data, in usual gaps: {said}, the dense way 0."
