"""One chain under many edits: the task that is asked for most, in a form that a GPU can do too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mithaq.chain import Chain, Edit, scenario_hash
from mithaq.equilibrium import Equilibrium, Method, solve
from mithaq.errors import MithaqError
from mithaq.worth.batch.places import Where
from mithaq.worth.batch.run import BatchResult, Progress, batch

__all__ = ["Scenarios", "SolveScenario", "sweep"]

Site = tuple[Chain, "pd.Series[float] | None"]
Row = dict[str, float]


@dataclass(frozen=True)
class SolveScenario:
    """The task: a chain with the production of its equilibrium, and edits, give a row of figures.

    ``device`` is where ``together`` solves: one of PyTorch's, "" the GPU where there is one.
    """

    method: Method = Method()
    device: str = ""

    def __call__(self, site: Site, edits: Sequence[Edit]) -> Row:
        """Solve one scenario. Raises what :func:`mithaq.solve` raises."""
        chain, near = site
        return row(solve(chain, edits, method=self.method, near=near))

    def together(self, site: Site, items: Sequence[Sequence[Edit]]) -> list[Row | Exception]:
        """Solve many scenarios at once, each certified on its own."""
        from mithaq.equilibrium.many import solve_many
        from mithaq.equilibrium.together import torch

        (chain, near), answers = site, dict[int, Row | Exception]()
        device = self.device or ("cuda" if torch().cuda.is_available() else "cpu")
        chains: dict[int, Chain] = {}
        for index, edits in enumerate(items):
            try:
                chains[index] = chain.with_edits(edits)
            except MithaqError as error:
                answers[index] = error
        many = solve_many([*chains.values()], method=self.method, near=near, device=device)
        for index, found in zip(chains, many, strict=True):
            answers[index] = row(found) if isinstance(found, Equilibrium) else found
        return [answers[index] for index in range(len(items))]


def row(found: Equilibrium) -> Row:
    """Figures of an equilibrium by name: prices, payoffs, what firms lift, welfare, violation."""
    payoffs: dict[str, float] = {}
    lines = found.payoff_lines
    for party, musd in zip(lines["party"], lines["musd"], strict=True):
        payoffs[party] = payoffs.get(party, 0.0) + float(musd)
    lifted: dict[str, float] = {}
    production = found.production
    for firm, bcm in zip(production.index.get_level_values("firm"), production, strict=True):
        lifted[firm] = lifted.get(firm, 0.0) + float(bcm)
    return {
        "welfare": found.welfare,
        "violation": float(found.certificate.max_violation),
        **{f"price in {node}": float(price) for node, price in found.prices.items()},
        **{f"payoff of {party}": musd for party, musd in payoffs.items()},
        **{f"lifted by {firm}": bcm for firm, bcm in lifted.items()},
    }


class Scenarios:
    """Lists of edits with their scenario hashes, made one by one as they are asked for."""

    def __init__(self, chain: Chain, scenarios: Sequence[Sequence[Edit]]) -> None:
        self.base, self.scenarios = chain.hash, scenarios

    def __len__(self) -> int:
        return len(self.scenarios)

    def items(self) -> Iterator[tuple[str, Sequence[Edit]]]:
        """Scenario hash and edits of each."""
        return ((scenario_hash(self.base, edits), edits) for edits in self.scenarios)


def sweep(
    chain: Chain,
    scenarios: Sequence[Sequence[Edit]],
    *,
    on: Where = "here",
    workers: int | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
    again: bool = False,
    method: Method | None = None,
) -> BatchResult[Row]:
    """Solve ``chain`` after each list of edits; rows of figures by scenario hash.

    A row holds welfare and payoffs (million USD a year), prices (USD/1000 m3), what each firm lifts
    (bcm a year) and the largest scaled violation of its certificate. Every scenario starts near the
    equilibrium of the chain as it stands, so that its answer depends on nothing but itself. The
    other arguments are those of :func:`batch`.

    Raises what :func:`batch` raises, and SolveError where the chain itself has no equilibrium.

    >>> import pandas as pd
    >>> from mithaq import Chain, Change
    >>> chain = Chain.from_tables({
    ...     "nodes": pd.DataFrame({"name": ["Hub"]}),
    ...     "firms": pd.DataFrame({"name": ["A", "B"]}),
    ...     "fields": pd.DataFrame({"name": ["a", "b"], "node": "Hub", "owners": ["A", "B"],
    ...                             "capacity": 10, "a": 1}),
    ...     "markets": pd.DataFrame({"name": ["Hub"], "node": ["Hub"], "reference_quantity": [1],
    ...                              "reference_price": [5], "elasticity": [-1]}),
    ... })
    >>> costs = [[Change("fields", "a", "a", cost)] for cost in (1.0, 2.0)]
    >>> [round(row["price in Hub"], 4) for row in sweep(chain, costs).checked().values()]
    [4.0, 4.3333]
    """
    task = SolveScenario(method or Method())
    near = solve(chain, method=method).production
    return batch(
        task,
        Scenarios(chain, scenarios),
        shared=(chain, near),
        on=on,
        workers=workers,
        progress=progress,
        store=store,
        again=again,
    )
