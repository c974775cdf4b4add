"""The store of a team: one append-only, hash-chained log in SQLite or PostgreSQL."""

from mithaq.record.store.appending import Added
from mithaq.record.store.store import Entry, Store
from mithaq.record.store.verifying import Checkpoint, Fault, Verification

__all__ = ["Added", "Checkpoint", "Entry", "Fault", "Store", "Verification"]
