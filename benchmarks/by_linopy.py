"""The market as a model of linopy, solved by HiGHS: built anew from labelled data each time.

The columns are those that mithaq prunes to, which spares linopy what its users would add. Quadratic
costs, no swaps, bookings or expansions: what the shipped chain and its made-up seasons hold.
"""

from __future__ import annotations

import linopy
import numpy as np
import pandas as pd
import xarray as xr

import mithaq
from mithaq.equilibrium.conduct import conduct_matrices
from mithaq.equilibrium.network import Network, network

__all__ = ["solve_with_linopy"]


def solve_with_linopy(chain: mithaq.Chain, limit: float) -> float | None:
    """The objective (a cost: minus the potential); None where HiGHS does not solve it in time."""
    net = network(chain)
    calendar = net.calendar
    slots = pd.RangeIndex(calendar.count, name="slot")
    model = linopy.Model()

    def variables(name: str, size: int, upper: object = np.inf) -> linopy.Variable:
        index = pd.RangeIndex(size, name="entry")
        most = xr.DataArray(np.broadcast_to(upper, (len(slots), size)), coords=[slots, index])
        return model.add_variables(lower=0, upper=most, coords=[slots, index], name=name)

    lifted = variables("lifting", len(net.slices), net.slice_capacity)
    arcs = {name: place for place, name in enumerate(net.arcs)}
    closed = net.arc_capacity[:, [arcs[name] for _, name in net.flows]]
    sent = variables("flow", len(net.flows), np.where(closed > 0, np.inf, 0.0))
    sold = variables("spot", len(net.sales))
    stores = {name: place for place, name in enumerate(net.storages)}
    put, out, level = (variables(kind, len(net.stores)) for kind in ("in", "out", "level"))

    at = {key: place for place, key in enumerate(net.balances)}
    ways = [(firm, net.arcs[name]) for firm, name in net.flows]
    arrives = xr.DataArray([way.arrives for _, way in ways], dims="entry")
    node_of = [at[firm, net.storages[name].node] for firm, name in net.stores]
    parts = [
        (1 * lifted, [at[piece.firm, piece.node] for piece in net.slices]),
        (-1 * sent, [at[firm, way.tail] for firm, way in ways]),
        (arrives * sent, [at[firm, way.head] for firm, way in ways]),
        (-1 * sold, [at[firm, net.markets[name].node] for firm, name in net.sales]),
    ]
    if net.stores:
        parts += [(-1 * put, node_of), (1 * out, node_of)]
    whole = linopy.merge([part for part, _ in parts], dim="entry", join="override")
    whole = whole.assign_coords(entry=np.arange(whole.sizes["entry"]))
    rows = np.concatenate([places for _, places in parts])
    groups = xr.DataArray(rows, coords={"entry": whole.coords["entry"]}, name="balance")
    left = whole.groupby(groups).sum()
    owed = xr.DataArray(net.owed, coords=[slots, pd.RangeIndex(len(at), name="balance")])
    model.add_constraints(left == owed.sel(balance=left.coords["balance"]), name="balance")

    use = xr.DataArray([arcs[name] for _, name in net.flows], dims="entry", name="arc")
    limited = np.isfinite(net.arc_capacity[0])
    total = (1 * sent).groupby(use.assign_coords(entry=sent.coords["entry"])).sum()
    known = [arc for arc in total.coords["arc"].values.tolist() if limited[arc]]
    size = xr.DataArray(net.arc_capacity, coords=[slots, pd.RangeIndex(len(arcs), name="arc")])
    model.add_constraints(total.sel(arc=known) <= size.sel(arc=known), name="arc")
    if net.stores:
        _store(model, net, put, out, level, stores)

    weight = xr.DataArray(calendar.weight, coords=[slots])
    unit = xr.DataArray([piece.a + piece.levy for piece in net.slices], dims="entry")
    slope = xr.DataArray([piece.b / 2 for piece in net.slices], dims="entry")
    charge = xr.DataArray([way.charge for _, way in ways], dims="entry")
    cost = (weight * unit * lifted).sum() + (weight * slope * lifted * lifted).sum()
    cost = cost + (weight * charge * sent).sum()
    cost = cost + _sales(model, chain, net, sold, weight)
    for kind, entry in (("injection_charge", put), ("withdrawal_charge", out)):
        if net.stores:
            paid = [getattr(net.storages[name], kind) for _, name in net.stores]
            cost = cost + (weight * xr.DataArray(paid, dims="entry") * entry).sum()
    model.add_objective(cost)
    model.solve(solver_name="highs", io_api="direct", log_to_console=False, time_limit=limit)
    return float(model.objective.value) if model.status == "ok" else None


def _sales(
    model: linopy.Model,
    chain: mithaq.Chain,
    net: Network,
    sold: linopy.Variable,
    weight: xr.DataArray,
) -> linopy.QuadraticExpression:
    """Minus what is bought is worth, and what sellers' conduct adds.

    L is diagonal but for one group, whose members mind each other alike: a column for what they
    sell together in a market takes the square of their sum.
    """
    slots, entries = sold.indexes["slot"], sold.indexes["entry"]
    number = {name: place for place, name in enumerate(net.markets)}
    place = np.array([number[market] for _, market in net.sales])
    which = xr.DataArray(place, coords={"entry": entries}, name="market")
    sums = sold.groupby(which).sum()
    markets = sums.indexes["market"]
    bought = model.add_variables(coords=[slots, markets], name="bought")
    model.add_constraints(1 * bought - sums == 0, name="bought")
    alpha, beta, fixed = (
        xr.DataArray(array[:, markets.values], coords=[slots, markets])
        for array in (net.alpha, net.beta, net.fixed)
    )
    firms: dict[str, list[str]] = {name: [] for name in net.markets}
    for firm, market in net.sales:
        firms[market].append(firm)
    conduct = conduct_matrices(chain, {name: tuple(found) for name, found in firms.items()})
    own_weight, shared, joined = np.zeros(len(place)), {}, np.full(len(place), -1)
    at = {sale: entry for entry, sale in enumerate(net.sales)}
    for market, firms_here in firms.items():
        matrix = conduct[market].matrix
        apart = matrix - np.diag(np.diag(matrix))
        where = [at[firm, market] for firm in firms_here]
        together = np.flatnonzero(apart.any(axis=1))
        common = float(apart.max(initial=0.0))
        own_weight[where] = np.diag(matrix)
        if len(together):
            members = np.array(where)[together]
            own_weight[members] -= common
            joined[members] = number[market]
            shared[number[market]] = common
    bend = xr.DataArray(net.beta[:, place] * own_weight / 2, coords=[slots, entries])
    own = (weight * bend * sold * sold).sum()
    if shared:
        inside = np.flatnonzero(joined >= 0)
        which = xr.DataArray(joined[inside], coords={"entry": inside}, name="group")
        groups = sold.sel(entry=inside).groupby(which).sum()
        joint = model.add_variables(coords=[slots, groups.indexes["group"]], name="joint")
        model.add_constraints(1 * joint - groups == 0, name="joint")
        size = net.beta[:, groups.indexes["group"].values] * list(shared.values()) / 2
        square = xr.DataArray(size, coords=[slots, groups.indexes["group"]])
        own = own + (weight * square * joint * joint).sum()
    return (
        (weight * (beta * fixed - alpha) * bought).sum()
        + (weight * beta / 2 * bought * bought).sum()
        + own
    )


def _store(
    model: linopy.Model,
    net: Network,
    put: linopy.Variable,
    out: linopy.Variable,
    level: linopy.Variable,
    stores: dict[str, int],
) -> None:
    """Balance of each store within the year, its room and its rates."""
    calendar = net.calendar
    slots = put.coords["slot"]
    share = xr.DataArray(calendar.share, coords={"slot": slots})
    pairs = net.stores
    keeps = xr.DataArray(
        [1 - net.storages[name].loss for _, name in pairs],
        dims="entry",
    )
    order = np.arange(calendar.count).reshape(-1, calendar.periods)
    before = level.isel(slot=np.roll(order, 1, axis=1).ravel())
    before = (1 * before).assign_coords(slot=slots)
    change = share * keeps * put - share * out
    model.add_constraints(1 * level - before - change == 0, name="level")
    which = xr.DataArray(
        [stores[name] for _, name in pairs],
        coords={"entry": put.coords["entry"]},
        name="storage",
    )
    index = pd.RangeIndex(len(stores), name="storage")
    sizes = net.storage_size
    for kind, entry, size in (("room", level, 0), ("injection", put, 1), ("withdrawal", out, 2)):
        used = (1 * entry).groupby(which).sum()
        most = xr.DataArray(sizes[size], coords={"slot": slots, "storage": index})
        limit = most.sel(storage=used.coords["storage"])
        model.add_constraints(used <= limit, name=kind)
