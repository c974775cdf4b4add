"""The gas system: tables, edits, and the door from the legs of an agreement to edits."""

from mithaq.chain.edits import (
    Add,
    BarMarket,
    Change,
    Contract,
    Cooperate,
    Edit,
    Floor,
    GrantAccess,
    OpenMarket,
    Remove,
    Stake,
    Swap,
    edits_from_file,
    scenario_hash,
)
from mithaq.chain.schema import table_names, table_schema
from mithaq.chain.tables import Chain

__all__ = [
    "Add",
    "BarMarket",
    "Chain",
    "Change",
    "Contract",
    "Cooperate",
    "Edit",
    "Floor",
    "GrantAccess",
    "OpenMarket",
    "Remove",
    "Stake",
    "Swap",
    "edits_from_file",
    "scenario_hash",
    "table_names",
    "table_schema",
]
