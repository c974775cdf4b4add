"""Sensitivity from draws: a sparse polynomial chaos, whose coefficients are variances.

Over independent inputs, products of functions that are orthonormal in each input are orthonormal
together; the variance of a sum of them is the sum of its squared coefficients, and the part of an
input is the sum over the products in which it stands (Sudret 2008). Which products enter is decided
one at a time (orthogonal matching pursuit; Pati, Rezaiifar & Krishnaprasad 1993), how many by
cross-validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.linalg
from numpy.polynomial import legendre
from numpy.typing import NDArray

from mithaq.errors import ModelError

__all__ = ["Sensitivity", "sensitivity"]

Array = NDArray[np.float64]
DEGREE = 3
FOLDS = 5


@dataclass(frozen=True)
class Sensitivity:
    """First-order and total indices, arrays by input; ``explained``: share of the variance of draws
    left out that the fit foretells (0 where it foretells nothing).
    """

    first: Array
    total: Array
    explained: float


def sensitivity(points: Array, choices: Sequence[int], values: Array) -> Sensitivity:
    """Return the indices of ``values`` (draws,) at ``points`` (draws, inputs) of the unit cube.

    ``choices``: for each input the number of alike choices that it draws from, 0 where it is
    continuous. Where the values do not vary every index is 0 and ``explained`` 1.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.random((256, 3))
    >>> found = sensitivity(x, [0, 0, 0], 3 * x[:, 0] + x[:, 1])  # variances 9 to 1 to 0
    >>> found.first.round(3).tolist(), found.total.round(3).tolist(), round(found.explained, 3)
    ([0.9, 0.1, 0.0], [0.9, 0.1, 0.0], 1.0)
    """
    x, y = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if x.ndim != 2 or y.shape != x.shape[:1] or len(choices) != x.shape[1]:
        raise ModelError(f"points {x.shape}, values {y.shape} and {len(choices)} inputs do not fit")
    none = np.zeros(x.shape[1])
    if np.ptp(y) <= 1e-9 * max(1.0, float(np.abs(y).max())):
        return Sensitivity(none, none, 1.0)
    single = [_functions(x[:, i], choices[i]) for i in range(x.shape[1])]
    columns, owners = _products(single)
    chosen, coefficients, explained = _pursuit(columns, y)
    part = coefficients**2
    variance = float(part.sum())
    if variance <= 0:
        return Sensitivity(none, none, 0.0)
    first, total = none.copy(), none.copy()
    for place, share in zip(chosen, part / variance, strict=True):
        for i in owners[place]:
            total[i] += share
        if len(owners[place]) == 1:
            first[owners[place][0]] += share
    return Sensitivity(first, total, round(max(explained, 0.0), 4))


def _functions(u: Array, choices: int) -> Array:
    """Orthonormal functions of one input: Legendre, or contrasts between choices."""
    if choices == 1:
        return np.empty((len(u), 0))
    if choices:
        place = np.minimum((u * choices).astype(int), choices - 1)
        basis = np.linalg.qr(np.vander(np.arange(choices) - (choices - 1) / 2, increasing=True))[0]
        contrasts: Array = (basis[:, 1:] * np.sqrt(choices))[place]
        return contrasts
    rows = [
        legendre.legval(2 * u - 1, [0.0] * d + [np.sqrt(2 * d + 1)]) for d in range(1, DEGREE + 1)
    ]
    return np.array(rows, dtype=np.float64).T


def _products(single: Sequence[Array]) -> tuple[Array, list[tuple[int, ...]]]:
    """All functions of one input, and the product of the first of each pair of inputs."""
    columns = [column for functions in single for column in functions.T]
    owners: list[tuple[int, ...]] = [(i,) for i, f in enumerate(single) for _ in range(f.shape[1])]
    for i, j in combinations(range(len(single)), 2):
        for a, b in zip(single[i].T[:1], single[j].T[:1], strict=False):
            columns.append(a * b)
            owners.append((i, j))
    return np.array(columns).T, owners


def _pursuit(columns: Array, y: Array) -> tuple[list[int], Array, float]:
    """Chosen columns, their coefficients, and the share explained of draws left out.

    Each fifth of the draws is foretold by a pursuit over the others, for every number of terms; as
    many terms are then taken of all draws as foretold best.
    """
    n = len(y)
    most = max(min(n // 3, columns.shape[1]), 0)
    folds = [np.arange(n) % FOLDS == k for k in range(min(FOLDS, n))]
    missed = np.zeros(most + 1)
    for out in folds:
        x, rest = columns[~out], y[~out]
        path = _path(x, rest, most)
        # The leading parts of one decomposition fit the leading parts of the path.
        q, r = np.linalg.qr(np.column_stack([np.ones(len(x)), x[:, path]]))
        projected = q.T @ rest
        held = np.column_stack([np.ones(int(out.sum())), columns[out][:, path]])
        for terms in range(most + 1):
            k = min(terms, len(path)) + 1
            solved = scipy.linalg.solve_triangular(r[:k, :k], projected[:k])
            missed[terms] += float(((y[out] - held[:, :k] @ solved) ** 2).sum())
    terms = int(np.argmin(missed))
    chosen = _path(columns, y, terms)
    design = np.column_stack([np.ones(n), columns[:, chosen]])
    solved = np.linalg.lstsq(design, y, rcond=None)[0]
    explained = 1.0 - float(missed[terms]) / float(((y - y.mean()) ** 2).sum())
    return chosen, np.asarray(solved[1:]), explained


def _path(columns: Array, y: Array, terms: int) -> list[int]:
    """Columns in the order in which a pursuit takes them: always the one that explains most."""
    n = len(y)
    norms = np.linalg.norm(columns - columns.mean(axis=0), axis=0)
    norms[norms <= 1e-12] = np.inf
    basis = np.ones((n, 1)) / np.sqrt(n)  # an orthonormal basis of what is chosen
    residual = y - y.mean()
    chosen: list[int] = []
    while len(chosen) < terms:
        scores = np.abs(columns.T @ residual) / norms
        scores[chosen] = -1.0
        place = int(np.argmax(scores))
        fresh = columns[:, place] - basis @ (basis.T @ columns[:, place])
        fresh -= basis @ (basis.T @ fresh)
        length = float(np.linalg.norm(fresh))
        if scores[place] <= 1e-10 * float(np.linalg.norm(y)) or length <= 1e-8 * norms[place]:
            break
        chosen.append(place)
        basis = np.column_stack([basis, fresh / length])
        residual = residual - basis[:, -1] * float(basis[:, -1] @ residual)
    return chosen
