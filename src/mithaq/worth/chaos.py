"""Sensitivity from draws: a sparse polynomial chaos, whose coefficients are variances.

Over independent inputs, products of functions that are orthonormal in each input are orthonormal
together; the variance of a sum of them is the sum of its squared coefficients, and the part of an
input is the sum over the products in which it stands (Sudret 2008). Which products enter is decided
one at a time (orthogonal matching pursuit; Pati, Rezaiifar & Krishnaprasad 1993), how many by
cross-validation. From which products is decided so too: richer and richer hyperbolic crosses are
tried (Blatman & Sudret 2011) as long as they foretell better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from mithaq.errors import ModelError

__all__ = ["Sensitivity", "sensitivity"]

Array = NDArray[np.float64]
Product = tuple[tuple[int, int], ...]
#: Bounds of the crosses: the product over the inputs of degree + 1 is at most that.
CROSSES = (4, 8, 12, 20)
MOST_COLUMNS = 4000
MOST_TERMS = 120
#: So many draws are fitted at most: on a chain tried with 2,000 all of them foretold 1 % more.
FITTED = 1024
ENOUGH = 0.99
#: A richer cross that leaves more than that of what the one before left is the last one tried.
WORTHWHILE = 0.95
FOLDS = 5


@dataclass(frozen=True)
class Sensitivity:
    """First-order and total indices, arrays by input; ``explained``: share of the variance of draws
    left out that the fit foretells (0 where it foretells nothing). What the fit does not tell is
    in no index.
    """

    first: Array
    total: Array
    explained: float


def sensitivity(points: Array, choices: Sequence[int], values: Array) -> Sensitivity:
    """Return the indices of ``values`` (draws,) at ``points`` (draws, inputs) of the unit cube.

    ``choices``: for each input the number of alike choices that it draws from, 0 where it is
    continuous. Where the values do not vary every index is 0 and ``explained`` 1. Raises
    :class:`ModelError` where shapes do not fit or a number is not finite.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.random((256, 3))
    >>> found = sensitivity(x, [0, 0, 0], 3 * x[:, 0] + x[:, 1])  # variances 9 to 1 to 0
    >>> found.first.round(3).tolist(), found.total.round(3).tolist(), round(found.explained, 3)
    ([0.9, 0.1, 0.0], [0.9, 0.1, 0.0], 1.0)
    """
    x, y = np.asarray(points, dtype=float), np.asarray(values, dtype=float)
    if x.ndim != 2 or y.shape != x.shape[:1] or len(choices) != x.shape[1]:
        raise ModelError(f"points {x.shape}, values {y.shape} and {len(choices)} inputs do not fit")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ModelError("indices need a finite value at every point")
    none = np.zeros(x.shape[1])
    x, y = x[:FITTED], y[:FITTED]
    if np.ptp(y) <= 1e-9 * max(1.0, float(np.abs(y).max())):
        return Sensitivity(none, none, 1.0)
    products, fit = _richest(x, choices, y)
    part = fit.coefficients**2
    whole = float(part.sum()) + fit.rest
    first, total = none.copy(), none.copy()
    for place, share in zip(fit.chosen, part / whole, strict=True):
        inputs = {i for i, _ in products[place]}
        for i in inputs:
            total[i] += share
        if len(inputs) == 1:
            first[inputs.pop()] += share
    return Sensitivity(first, total, round(max(1.0 - fit.missed, 0.0), 4))


class _Fit(NamedTuple):
    """Chosen columns with their coefficients, the variance that they leave, and the share of the
    variance of draws left out that is not foretold.
    """

    chosen: list[int]
    coefficients: Array
    rest: float
    missed: float


def _richest(x: Array, choices: Sequence[int], y: Array) -> tuple[list[Product], _Fit]:
    """The products of the cross that foretells best, and the fit over them."""
    best: tuple[list[Product], _Fit] | None = None
    for bound in CROSSES:
        functions = [_functions(x[:, i], n, bound - 1) for i, n in enumerate(choices)]
        products = _products(
            [_degrees(n, f.shape[1]) for n, f in zip(choices, functions, strict=True)], bound
        )
        if best is not None and len(products) > MOST_COLUMNS:
            break
        columns = np.ones((len(y), len(products)))
        for column, product in zip(columns.T, products, strict=True):
            for i, k in product:
                column *= functions[i][:, k]
        found = products, _pursuit(columns, y)
        before = best[1].missed if best is not None else np.inf
        if found[1].missed < before:
            best = found
        if found[1].missed <= 1 - ENOUGH or found[1].missed > WORTHWHILE * before:
            break
    assert best is not None
    return best


def _functions(u: Array, choices: int, degree: int) -> Array:
    """Orthonormal functions of one input: Legendre, or contrasts between choices."""
    if choices == 1:
        return np.empty((len(u), 0))
    if choices:
        place = np.minimum((u * choices).astype(int), choices - 1)
        basis = np.linalg.qr(np.vander(np.arange(choices) - (choices - 1) / 2, increasing=True))[0]
        contrasts: Array = (basis[:, 1:] * np.sqrt(choices))[place]
        return contrasts
    rows = [legendre.legval(2 * u - 1, [0.0] * d + [sqrt(2 * d + 1)]) for d in range(1, degree + 1)]
    return np.array(rows, dtype=np.float64).T


def _degrees(choices: int, functions: int) -> list[int]:
    """The degree of each function of an input; contrasts between choices are all alike."""
    return [1] * functions if choices else list(range(1, functions + 1))


def _products(degrees: Sequence[Sequence[int]], bound: int) -> list[Product]:
    """The products of functions in a hyperbolic cross, as (input, place of its function)."""
    found: list[Product] = []
    last: list[tuple[Product, int]] = [((), 1)]
    while last:
        longer = [
            ((*product, (i, k)), size * (degree + 1))
            for product, size in last
            for i in range(product[-1][0] + 1 if product else 0, len(degrees))
            for k, degree in enumerate(degrees[i])
            if size * (degree + 1) <= bound
        ]
        found += [product for product, _ in longer]
        last = longer if len(found) <= MOST_COLUMNS else []
    return found


def _pursuit(columns: Array, y: Array) -> _Fit:
    """The columns that a pursuit chooses.

    Each fifth of the draws is foretold by a pursuit over the others, for every number of terms; as
    many terms are then taken of all draws as foretold best.
    """
    n = len(y)
    most = min(n // 3, columns.shape[1], MOST_TERMS)
    folds = [np.arange(n) % FOLDS == k for k in range(min(FOLDS, n))]
    missed = np.zeros(most + 1)
    for out in folds:
        _, foretold = _path(columns[~out], y[~out], most, columns[out])
        missed += ((y[out] - foretold) ** 2).sum(axis=1)
    terms = int(np.argmin(missed))
    chosen, _ = _path(columns, y, terms, columns[:0])
    design = np.column_stack([np.ones(n), columns[:, chosen]])
    solved = np.linalg.lstsq(design, y, rcond=None)[0]
    left = float(((y - design @ solved) ** 2).sum()) / (n - len(chosen) - 1)
    return _Fit(
        chosen, np.asarray(solved[1:]), left, float(missed[terms] / ((y - y.mean()) ** 2).sum())
    )


def _path(columns: Array, y: Array, terms: int, held: Array) -> tuple[list[int], Array]:
    """Columns in the order in which a pursuit takes them, always the one that explains most; and
    what ``held``, the same columns in other draws, foretells with each number of them: shape
    (terms + 1, draws).

    What makes a column orthogonal to those before is done to ``held`` too, so that each term adds
    to what is foretold, and nothing is solved. Sums go through einsum: the threads of a BLAS cost
    more than they bring here, ten times as much where other processes want the cores.
    """
    n = len(y)
    norms = np.linalg.norm(columns - columns.mean(axis=0), axis=0)
    norms[norms <= 1e-12] = np.inf
    basis = np.empty((terms + 1, n))  # an orthonormal basis of what is chosen
    basis[0] = 1 / sqrt(n)
    outside = np.empty((terms + 1, len(held)))
    outside[0] = 1 / sqrt(n)
    residual = y - y.mean()
    foretold = np.full((terms + 1, len(held)), y.mean())
    chosen: list[int] = []
    while len(chosen) < terms:
        k = len(chosen) + 1
        scores = np.abs(np.einsum("ij,i->j", columns, residual)) / norms
        scores[chosen] = -1.0
        place = int(np.argmax(scores))
        fresh, other = columns[:, place].copy(), held[:, place].copy()
        for _ in range(2):
            along = np.einsum("ij,j->i", basis[:k], fresh)
            fresh -= np.einsum("ij,i->j", basis[:k], along)
            other -= np.einsum("ij,i->j", outside[:k], along)
        length = float(np.linalg.norm(fresh))
        if scores[place] <= 1e-10 * float(np.linalg.norm(y)) or length <= 1e-8 * norms[place]:
            break
        basis[k], outside[k] = fresh / length, other / length
        step = float(np.einsum("i,i", basis[k], residual))
        residual = residual - basis[k] * step
        foretold[k:] += outside[k] * step
        chosen.append(place)
    return chosen, foretold
