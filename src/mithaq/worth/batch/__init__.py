"""Many tasks at once: here, in several processes, on a Dask cluster or on a GPU, kept as they end.

``run`` is the one function, ``places`` where the work is done, ``store`` the Parquet data set in
which results land, ``keys`` what names items and what a store was begun for, ``pace`` how fast it
goes, ``sweep`` the task that is asked for most: one chain under many edits.
"""

from mithaq.worth.batch.keys import content_key, identity
from mithaq.worth.batch.pace import Pace
from mithaq.worth.batch.places import Task, Where
from mithaq.worth.batch.run import BatchResult, Progress, batch
from mithaq.worth.batch.sweep import SolveScenario, sweep

__all__ = [
    "BatchResult",
    "Pace",
    "Progress",
    "SolveScenario",
    "Task",
    "Where",
    "batch",
    "content_key",
    "identity",
    "sweep",
]
