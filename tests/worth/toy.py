"""A market with closed forms, and scenarios about it: P = 100 - Q at a hub, unit cost 20."""

from types import SimpleNamespace

import pandas as pd

from mithaq.chain import Chain
from mithaq.chain.rights import RIGHTS
from mithaq.chain.scenarios import Basis, Leg, Parameter, Party, Right, Scenario

WORDS = {"en": "x", "ar": "x", "fr": "x", "ru": "x"}


def chain(firms=("A", "B"), conduct_of=1, **more):
    """Firms at nodes of their own, each with a line to the hub; an island apart with a market."""
    homes = [f"land of {firm}" for firm in firms]
    market = {"reference_quantity": 50, "reference_price": 50, "elasticity": -1}
    tables = {
        "nodes": pd.DataFrame(
            {"name": [*homes, "Hub", "Isle"], "region": ["" for _ in homes] + ["Europe", ""]}
        ),
        "firms": pd.DataFrame({"name": [*firms], "home": homes, "conduct": conduct_of}),
        "fields": pd.DataFrame(
            {
                "name": [f"field of {f}" for f in firms],
                "node": homes,
                "owners": [*firms],
                "capacity": 1000,
                "a": 20,
            }
        ),
        "pipelines": pd.DataFrame({"from": homes, "to": "Hub", "capacity": 1000}),
        "markets": pd.DataFrame(
            [{"name": "Hub", "node": "Hub", **market}, {"name": "Isle", "node": "Isle", **market}]
        ),
    }
    tables["conduct"] = pd.DataFrame({"firm": [*firms], "market": "Isle"})
    tables |= {name: pd.DataFrame(rows) for name, rows in more.items()}
    return Chain.from_tables(tables)


def parameter(name, value, *others, unit="share"):
    return Parameter(name, value, tuple(others), unit, (Basis(assumption="a toy"),))


def right(name, what, to="A", territory="land of B", names=None, **figures):
    given = {}
    for key, value in figures.items():
        settings = value if isinstance(value, tuple) else (value,)
        unit = RIGHTS[what].parameters[key].unit
        given[key] = parameter(f"{name}.{key}", *settings, unit=unit)
    return Right(name, what, to, territory, WORDS, names or {}, given)


def scenario(*legs, rate=0.0, years=1.0, firms=("A", "B")):
    """Legs as (id, rights); capital is paid in one year at no interest unless told otherwise."""
    return Scenario(
        id="toy",
        name=WORDS,
        agreement="pact",
        year=2010,
        parties=tuple(Party(f.lower(), f, f"land of {f}") for f in firms),
        general={"rate": parameter("rate", rate), "years": parameter("years", years)},
        legs=tuple(Leg(name, tuple(rights)) for name, *rights in legs),
    )


def marketing(strength, *others):
    return (
        "marketing",
        right(
            "together",
            "joint_marketing",
            territory="Europe",
            names={"partner": "B", "region": "Europe"},
            strength=(strength, *others),
        ),
    )


def island_search(
    probability=0.5, capacity=10.0, discovery=30.0, share=0.25, name="search", **more
):
    figures = {
        "probability": probability,
        "share": share,
        "capacity": capacity,
        "cost": 20.0,
        "discovery_cost": discovery,
        "development_cost": 0.0,
        **more,
    }
    return (
        "exploration",
        right(
            name,
            "exploration",
            names={"field": f"find of {name}", "node": "Isle", "partner": "B"},
            **figures,
        ),
    )


def record(folder, *claims):
    """As much of a record as the door asks for."""
    kept = [SimpleNamespace(subject=s, property=p, source=q) for s, p, q in claims]
    return SimpleNamespace(folder=folder, claims=kept)
