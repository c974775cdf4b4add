"""The solvers of the benchmarks solve the same program: their answers agree."""

from __future__ import annotations

import pytest

import mithaq
from benchmarks import sizes
from benchmarks.__main__ import main
from benchmarks.complementarity import main as engines
from benchmarks.complementarity import ring
from benchmarks.peers import PEERS, Peer
from mithaq.equilibrium.program import build_program
from mithaq.equilibrium.solvers import whole_program
from tests.equilibrium.random_chains import plain
from tests.equilibrium.toys import chain

INSTALLED = [peer for peer in PEERS if peer.version()]


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
@pytest.mark.parametrize("seed", [2, 12, 21])
def test_first_and_repeated_solves_agree_with_mithaq(peer: type[Peer], seed: int) -> None:
    tables = plain(seed, conduct=None)
    for row in tables["fields"]:
        row["g"] = 0
    base = chain(**tables)
    program = build_program(base)
    assert len(program.linear)
    solver = peer(whole_program(program))
    solver.set_up()
    start = len(program.network.slices) + len(program.network.flows)
    for more in (0.0, 10.0):
        linear = program.linear.copy()
        linear[: len(program.network.slices)] += more
        if more:
            solver.change(linear)
        found = solver.run()
        for row in tables["fields"]:
            row["a"] += more
        answer = mithaq.solve(chain(**tables))
        bought = answer.deliveries.groupby("market")["bcm"].sum()
        theirs = dict.fromkeys(bought.index, 0.0)
        for (_, market), quantity in zip(program.network.sales, found[start:], strict=False):
            theirs[market] += quantity
        assert theirs == pytest.approx(bought.to_dict(), rel=1e-3, abs=1e-3)


@pytest.mark.slow
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--runs", "1"])
    printed = capsys.readouterr().out
    for word in ("load", "build", "solve", "certify", *(peer.name for peer in PEERS)):
        assert word in printed
    assert "differs" not in printed


@pytest.mark.slow
def test_the_command_on_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    sizes.main(["--sizes", "annual", "--runs", "1", "--limit", "20"])
    printed = capsys.readouterr().out
    for word in ("annual", "build", "again", "growth with firms", "growth with nodes"):
        assert word in printed


@pytest.mark.slow
def test_the_engines_are_timed(capsys: pytest.CaptureFixture[str]) -> None:
    engines(["--runs", "1", "--sizes", "annual", "--firms", "4"])
    printed = capsys.readouterr().out
    assert "annual" in printed and "complementarity" in printed
    rows = [line.split() for line in printed.splitlines() if line.split()[:1] == ["4"]]
    assert len(rows) == 1 and float(rows[0][2]) > 0


def test_the_ring_of_the_benchmark_has_no_potential() -> None:
    base = ring(4)
    answer = mithaq.solve(base)
    assert answer.method.engine == "complementarity"
    assert answer.certificate.max_violation <= 1e-9
