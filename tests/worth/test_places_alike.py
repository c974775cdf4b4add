"""What a sweep keeps does not tell where it was done."""

import pickle

import pytest

from mithaq import Change
from mithaq.errors import BatchError, DataError, MithaqError, ModelError, Problem, SolveError
from mithaq.worth import sweep
from tests.worth.toy import chain


@pytest.mark.parametrize(
    "error",
    [
        DataError([Problem("fields.csv", 3, "a", "no number", "write one"), Problem(what="more")]),
        SolveError("no equilibrium", outcome="infeasible", rows=["a row", "another"]),
        BatchError({"key": ModelError("not concave")}),
        ModelError("not concave"),
    ],
)
def test_errors_travel_between_processes_as_they_are(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error) and str(back) == str(error)
    for name in ("problems", "rows", "outcome"):
        assert getattr(back, name, None) == getattr(error, name, None)


def test_a_failure_reads_the_same_here_and_in_processes(tmp_path):
    edits = [[Change("fields", name, "a", 21.0)] for name in ("field of A", "nowhere")]
    for place in ("here", "processes"):
        found = sweep(chain(), edits, on=place, workers=1, store=tmp_path / place)
        (failure,) = found.failures.values()
        assert str(failure).startswith("failed: 1 problem in the input")
    one, two = (sorted((tmp_path / place).iterdir()) for place in ("here", "processes"))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


@pytest.mark.parametrize("place", ["dask://nohost", "dask://", "dask://host:port"])
def test_what_is_no_address_of_a_cluster_is_told(place):
    pytest.importorskip("distributed")
    with pytest.raises(MithaqError, match="Dask"):
        sweep(chain(), [[]], on=place)
