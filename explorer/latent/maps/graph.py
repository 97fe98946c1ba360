"""UMAP's fuzzy graph of neighbours, from a table of them (McInnes, Healy and Melville 2018, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.api import Array
from explorer.latent.maps.loops import Indices
from explorer.latent.maps.neighbours import Table

UNKNOWN = -1  # a label that isn't known
FAR, UNSURE = 5.0, 1.0  # how much other classes and unknown ones weaken an edge: umap-learn's defaults
STEPS = 32  # halvings of the search for a width


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs of neighbours `heads`, `tails` `[E]` among `count` points, and their strength `[E]`, 0 to 1."""

    heads: Indices
    tails: Indices
    weights: Array
    count: int


def fuzzy_graph(table: Table, neighbours: int, labels: NDArray[np.integer[Any]] | None = None) -> Edges:
    """The graph of each point and its `neighbours` nearest (itself among them, as UMAP counts).

    Strengths are exp(-(d - rho) / sigma), rho the distance of the nearest and sigma such that a point's
    strengths add up to log2 `neighbours` (section 3.1); two directions join as a + b - ab. With labels
    `[N]` (-1: unknown) edges between classes are weakened (UMAP's categorical intersection).
    """
    near = table.first(max(1, min(neighbours - 1, table.k)))
    nonzero = np.where(near.distances > 0, near.distances, np.inf)
    closest = nonzero.min(axis=1)
    away = np.maximum(near.distances - np.where(np.isfinite(closest), closest, 0)[:, None], 0)
    strengths = np.exp(-away / _widths(away, near.distances, float(np.log2(near.k + 1)))[:, None])
    graph = _both_ways(_matrix(near.rows, strengths))
    if labels is not None:
        graph = _intersected(graph, np.asarray(labels))
    return edges_of(graph)


def edges_of(graph: Any) -> Edges:
    """The edges of a symmetric sparse matrix, row by row."""
    graph = graph.tocsr()
    graph.sort_indices()
    graph = graph.tocoo()
    kept = graph.data > 0
    heads, tails, weights = graph.row[kept], graph.col[kept], graph.data[kept]
    return Edges(heads.astype(np.int32), tails.astype(np.int32), weights.astype(np.float32), graph.shape[0])


def joined(graphs: list[Edges], link: float) -> Edges:
    """Several graphs over the same ids as one, each id held to itself by an edge of strength `link`.

    Node `g * N + i` is id i in graph g: one layout for clouds that share seeds or images but no space.
    """
    count = graphs[0].count
    heads: list[NDArray[Any]] = [g.heads + at * count for at, g in enumerate(graphs)]
    tails: list[NDArray[Any]] = [g.tails + at * count for at, g in enumerate(graphs)]
    weights: list[NDArray[Any]] = [g.weights for g in graphs]
    ids = np.arange(count, dtype=np.int32)
    for at in range(len(graphs) - 1):
        here, there = ids + at * count, ids + (at + 1) * count
        heads += [here, there]
        tails += [there, here]
        weights += [np.full(count, link, np.float32)] * 2
    every = [np.concatenate(x) for x in (heads, tails, weights)]
    order = np.lexsort((every[1], every[0]))
    return Edges(every[0][order].astype(np.int32), every[1][order].astype(np.int32), every[2][order],
                 count * len(graphs))  # fmt: skip


def _matrix(rows: Indices, strengths: Array) -> Any:
    from scipy.sparse import csr_matrix

    count, k = rows.shape
    starts = np.arange(0, count * k + 1, k)
    return csr_matrix((strengths.ravel(), rows.ravel(), starts), shape=(count, count))


def _both_ways(one_way: Any) -> Any:
    other = one_way.T.tocsr()
    return one_way + other - one_way.multiply(other)


def _intersected(graph: Any, labels: NDArray[Any]) -> Any:
    """Edges between classes weakened; then each point's strongest is 1 again, and both ways join anew."""
    from scipy.sparse import csr_matrix

    edges = graph.tocoo()
    a, b = labels[edges.row], labels[edges.col]
    weaker = np.where((a == UNKNOWN) | (b == UNKNOWN), np.exp(-UNSURE), np.where(a != b, np.exp(-FAR), 1.0))
    strengths = edges.data * weaker
    strongest = np.zeros(graph.shape[0])
    np.maximum.at(strongest, edges.row, strengths)
    strengths = strengths / np.maximum(strongest[edges.row], 1e-12)
    return _both_ways(csr_matrix((strengths, (edges.row, edges.col)), shape=graph.shape))


def _widths(away: Array, distances: Array, target: float) -> Array:
    """sigma `[N]` by bisection, at least a thousandth of the mean distance."""
    low, high = np.zeros(len(away), np.float32), np.full(len(away), np.inf, np.float32)
    width = np.maximum(away.mean(axis=1), 1e-12)
    for _ in range(STEPS):
        total = np.exp(-away / width[:, None]).sum(axis=1)
        too_wide = total > target
        high, low = np.where(too_wide, width, high), np.where(too_wide, low, width)
        width = np.where(np.isinf(high), width * 2, (low + high) / 2)
        width = np.clip(width, 1e-12, 1e12).astype(np.float32)
    least = 1e-3 * np.where(away.max(axis=1) > 0, distances.mean(axis=1), distances.mean())
    return np.maximum(width, np.maximum(least, 1e-12)).astype(np.float32)
