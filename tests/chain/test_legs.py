"""The door: scenario files with their mistakes, and legs as edits."""

from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithaq.chain import Add, Change, Cooperate, GrantAccess, OpenMarket, Swap
from mithaq.chain.hindsight import as_known
from mithaq.chain.legs import annuity, branches, load_scenario, scenario_ids
from mithaq.equilibrium import solve
from mithaq.errors import DataError, ModelError, Problem
from mithaq.worth.assumptions import assumptions
from tests.worth import toy

CLAIMS = [
    ("pact", "signed", "press"),
    ("a-party", "name", ""),
    ("b-party", "name", ""),
    ("plant", "capacity", "press"),
    ("plant", "cost", "paper"),
]

GOOD = dedent("""\
    id: revival
    name: {en: Revival, ar: إحياء, fr: Reprise, ru: Возрождение}
    agreement: pact
    year: 2010
    parties:
      - {party: a-party, firm: A, state: land of A}
      - {party: b-party, firm: B, state: land of B}
    parameters:
      rate: {value: 0.1, low: 0.05, high: 0.15, unit: share, basis: {assumption: usual}}
      years: {value: 20, unit: years, basis: {assumption: usual}}
    legs:
      - id: exploration
        rights:
          - id: find
            what: exploration
            to: A
            territory: land of B
            name: {en: Find, ar: كشف, fr: Découverte, ru: Находка}
            field: New field
            node: land of B
            partner: B
            parameters:
              probability: {value: 0.4, low: 0.2, high: 0.6, unit: share, basis: {assumption: x}}
              share: {value: 0.49, unit: share, basis: {claim: plant.capacity, sources: [press]}}
              capacity: {value: 5, settings: [1, 3, 9], unit: bcm/year, basis: {assumption: x}}
              cost: {value: 20, unit: USD/1000 m3, basis: {assumption: x}}
              discovery_cost: {value: 100, unit: MUSD, basis: {assumption: x}}
              development_cost: {value: 200, unit: MUSD, basis: {assumption: x}}
      - id: marketing
        rights:
          - id: together
            what: joint_marketing
            to: A
            territory: Europe
            name: {en: Together, ar: معا, fr: Ensemble, ru: Вместе}
            partner: B
            region: Europe
            parameters:
              strength: {value: 0.5, low: 0.25, high: 1, unit: share, basis: {assumption: x}}
    """)


def load(tmp_path, text=GOOD, claims=CLAIMS, name="revival"):
    folder = tmp_path / "scenarios"
    folder.mkdir(exist_ok=True)
    (folder / "revival.yaml").write_text(text, encoding="utf-8")
    return load_scenario(toy.record(tmp_path, *claims), toy.chain(), name)


def mistakes(tmp_path, text, **more):
    with pytest.raises(DataError) as caught:
        load(tmp_path, text, **more)
    return caught.value.problems


def test_a_good_file_is_read_by_its_name_and_by_its_agreement(tmp_path):
    found = load(tmp_path)
    assert found == load(tmp_path, name="pact")
    assert [leg.id for leg in found.legs] == ["exploration", "marketing"]
    assert found.parameters()["find.capacity"].settings == (1, 3, 5, 9)
    assert found.parameters()["rate"].settings == (0.05, 0.1, 0.15)
    assert found.parameters()["find.share"].basis[0].sources == ("press",)
    assert scenario_ids(toy.record(tmp_path)) == ("revival",)


def test_a_claim_that_the_record_does_not_hold_is_found_with_its_place(tmp_path):
    for claims, sentence in (
        ([c for c in CLAIMS if c[0] != "plant"], "the record has no 'plant'"),
        ([c for c in CLAIMS if c[1] != "capacity"], "the record has no 'capacity' of plant"),
        ([*CLAIMS[:3], ("plant", "capacity", "paper")], "'press' is no source of plant.capacity"),
    ):
        (problem,) = mistakes(tmp_path, GOOD, claims=claims)
        assert problem.what == sentence
        line = GOOD.splitlines().index(next(x for x in GOOD.splitlines() if "plant." in x)) + 1
        assert (problem.file, problem.row) == ("scenarios/revival.yaml", line)
        assert int(problem.column) > 1


def test_every_mistake_of_a_file_is_told_at_once(tmp_path):
    bad = (
        GOOD.replace("year: 2010", "year: soon")
        .replace("firm: B,", "firm: Bee,")
        .replace("rate: {value: 0.1,", "rate: {value: 1.7,")
        .replace("what: joint_marketing", "what: joint_marketting")
        .replace("node: land of B", "node: land of C")
        .replace("cost: {value: 20, unit: USD/1000 m3", "cost: {value: 20, unit: USD/MMBtu")
        .replace("low: 0.2, high: 0.6", "low: 0.5, high: 0.6")
        .replace("claim: plant.capacity", "claim: plant.weight")
        .replace("        field: New field\n", "")
        .replace("agreement: pact", "agreement: packt")
        .replace(", fr: Reprise", "")
        .replace("{value: 200, unit: MUSD, basis: {assumption: x}}", "{value: 200, unit: MUSD}")
    )
    problems = mistakes(tmp_path, bad)
    told = "\n".join(str(problem) for problem in problems)
    for words in (
        "'soon' is not a number",
        "no firm 'Bee'",
        "1.7 must be between 0 and 1",
        "no right 'joint_marketting' (did you mean 'joint_marketing'?)",
        "no node 'land of C'",
        "is 'USD/1000 m3', not 'USD/MMBtu'",
        "low stands above the value 0.4",
        "no 'weight' of plant",
        "'field' is missing",
        "no subject 'packt' (did you mean 'pact'?)",
        "'fr' is missing",
        "'basis' is missing",
    ):
        assert words in told
    assert all(problem.row for problem in problems)
    assert [problem.row for problem in problems] == sorted(problem.row for problem in problems)


def lossy(loss):
    """The good file with a line on which that share is lost."""
    line = {"capacity": (5, "bcm/year"), "stake": (0.5, "share"), "share": (1, "share")}
    line |= {"investment": (9, "MUSD"), "operating_cost": (1, "USD/1000 m3")}
    rows = [
        f"              {name}: {{value: {x}, unit: {unit}, basis: {{assumption: x}}}}"
        for name, (x, unit) in line.items()
    ]
    right = dedent("""\
      - id: transport
        rights:
          - id: line
            what: pipeline
            to: A
            territory: Europe
            name: {en: Line, ar: خط, fr: Ligne, ru: Линия}
            pipeline: New line
            from: land of A
            into: Hub
            partner: B
            parameters:
    """)
    right = "".join(f"  {row}\n" for row in right.splitlines())
    return "\n".join([GOOD.rstrip() + "\n" + right.rstrip(), *rows, f"              loss: {loss}"])


LOSS = "{value: 0.1, settings: [1], unit: share, basis: {assumption: x}}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (lossy(LOSS), "1 must be between 0 and 0.999"),
        (lossy("{same_as: line.share}"), "line.loss must be at most 0.999"),
        ("- a\n- b\n", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("id: {", "is no YAML"),
        (GOOD.replace("id: together", "id: find"), "right 'find' stands in line"),
        (GOOD.replace("id: marketing", "id: exploration"), "leg 'exploration' stands there twice"),
        (GOOD.replace("years:", "yeers:"), "there is no key 'yeers' here"),
        (GOOD.replace("year: 2010", "year: 2010\nyear: 2011"), "'year' stands there twice"),
        (GOOD.replace("low: 0.25, high: 1", "low: 0.25"), "low and high go together"),
        (GOOD.replace("{claim: plant.capacity,", "{claim: plant,"), "written subject.property"),
        (GOOD.replace("sources: [press]", "assumption: y"), "a basis is an assumption, or a claim"),
        (
            GOOD.replace("  - {party: b-party, firm: B, state: land of B}\n", ""),
            "needs two parties",
        ),
        (GOOD.replace("value: 100", "value: .nan"), "'.nan' is not a number"),
        (GOOD.replace("value: 100", "value: -1"), "-1 must be at least 0"),
        (
            GOOD.replace("        partner: B\n        region", "        region"),
            "'partner' is missing",
        ),
        (GOOD.replace("region: Europe", "region: Atlantis"), "no region 'Atlantis'"),
        (GOOD.replace("field: New field", "field: [New]"), "must be a text"),
        (GOOD.replace("legs:\n", "legs: 3\nrest:\n"), "must be a list of legs"),
    ],
)
def test_single_mistakes(tmp_path, text, sentence):
    problems = mistakes(tmp_path, text, name="revival")
    assert sentence in "\n".join(problem.what for problem in problems)
    assert problems[0].file == "scenarios/revival.yaml"


def test_a_parameter_may_be_that_of_another_right(tmp_path):
    linked = GOOD.replace(
        "cost: {value: 20, unit: USD/1000 m3, basis: {assumption: x}}", "cost: {same_as: COST}"
    )
    text = linked.replace("COST", "find.share")
    (problem,) = mistakes(tmp_path, text)
    assert problem.what == "the unit of find.cost is 'USD/1000 m3'"
    (problem,) = mistakes(tmp_path, linked.replace("COST", "find.shore"))
    assert problem.what == "no parameter 'find.shore' stands above"
    assert problem.hint == "did you mean 'find.share'?"
    text = GOOD.replace(
        "cost: {value: 200, unit: MUSD, basis: {assumption: x}}",
        "cost: {same_as: find.discovery_cost}",
    )
    found = load(tmp_path, text)
    assert "find.development_cost" not in found.parameters()
    hit, _ = branches(
        found, toy.chain(), legs={"exploration"}, settings={"find.discovery_cost": 1000}
    )
    assert sum(o.amount for o in hit.outlays) == pytest.approx(2000 * annuity(0.1, 20))


def test_a_group_stands_only_where_both_may_sell():
    _, right = toy.marketing(0.5)
    closed = toy.chain(conduct=[{"firm": "B", "market": "Hub", "may_sell": False}])
    (branch,) = branches(toy.scenario(("marketing", right)), closed)
    assert branch.edits == ()
    opening = toy.right("door", "market_opening", "B", "Europe", {"markets": ("Hub",)})
    (branch,) = branches(toy.scenario(("marketing", right, opening)), closed)
    assert [type(edit) for edit in branch.edits] == [Cooperate, OpenMarket]


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, data):
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.text("{}[]:,-&*!|>'\"# \n\ta1\0\x07é", max_size=6))
    text = GOOD[:at] + put + GOOD[at + cut :]
    try:
        load(tmp_path, text)
    except DataError as error:
        told = error.problems
    else:
        told = (Problem(what="none"),)
    assert told
    assert all(str(problem) for problem in told)


def test_two_shares_of_one_field_are_refused(tmp_path):
    share = """\
  - id: production
    rights:
      - id: one
        what: lifting
        to: B
        territory: land of A
        name: {en: x, ar: x, fr: x, ru: x}
        field: field of A
        owner: A
        parameters:
          volume: {value: 1, unit: bcm/year, basis: {assumption: x}}
          entry_payment: {value: 1, unit: MUSD, basis: {assumption: x}}
"""
    again = share.split("rights:\n")[1].replace("id: one", "id: two")
    (problem,) = mistakes(tmp_path, GOOD + share + again)
    assert problem.what == "a lifting share of 'field of A' stands there twice"


def test_an_unknown_scenario_names_the_known(tmp_path):
    load(tmp_path)
    (problem,) = mistakes(tmp_path, GOOD, name="revivel")
    assert "revival" in problem.hint


def one(right, **changed):
    (branch,) = branches(toy.scenario(("transport", right)), toy.chain(), settings=changed)
    return branch


def test_exploration_has_a_found_and_a_dry_branch(tmp_path):
    found = load(tmp_path)
    hit, dry = branches(found, toy.chain(), legs={"exploration"})
    assert (hit.probability, dry.probability) == (0.4, 0.6)
    (edit,) = hit.edits
    assert isinstance(edit, Add)
    assert edit.row["owners"] == "A:0.49;B:0.51"
    assert dry.edits == ()
    yearly = annuity(0.1, 20)
    spent = {(o.payer, o.receiver): 0.0 for o in hit.outlays}
    for outlay in hit.outlays:
        spent[outlay.payer, outlay.receiver] += outlay.amount
    assert spent == pytest.approx(
        {("A", ""): yearly * (100 + 0.49 * 200), ("B", ""): yearly * 0.51 * 200}
    )
    assert [(o.payer, o.amount) for o in dry.outlays] == [("A", pytest.approx(100 * yearly))]
    (sure,) = branches(found, toy.chain(), legs={"exploration"}, settings={"find.probability": 1})
    assert sure.found == ("find",)


def test_sets_of_legs_and_territories_choose_rights(tmp_path):
    found, chain = load(tmp_path), toy.chain()
    assert branches(found, chain, legs=()) == branches(found, chain, territory="nowhere")
    (marketing,) = branches(found, chain, legs={"marketing"})
    assert {tag.leg for tag in marketing.tagged} == {"marketing"}
    on_b = branches(found, chain, territory="land of B")[0]
    assert {tag.territory for tag in on_b.tagged} == {"land of B"}
    with pytest.raises(ModelError, match="find.capasity"):
        branches(found, chain, settings={"find.capasity": 1})


def test_a_lifting_share_cuts_the_field_without_changing_its_cost():
    right = toy.right(
        "part",
        "lifting",
        "B",
        "land of A",
        {"field": "field of A", "owner": "A"},
        volume=250.0,
        entry_payment=80.0,
    )
    chain = toy.chain(
        fields=[
            {
                "name": "field of A",
                "node": "land of A",
                "owners": "A",
                "capacity": 1000,
                "a": 20,
                "b": 0.01,
            }
        ]
    )
    scenario = toy.scenario(("production", right))
    (branch,) = branches(scenario, chain)
    cut = chain.with_edits(branch.edits)
    rows = {row["name"]: row for row in cut.rows("fields")}
    assert rows["field of A"]["capacity"] == 750
    assert rows["field of A (B)"]["owners"] == "B"
    # the slices' slopes add up as those of parallel fields: 1/b = sum of 1/b_i
    assert sum(1 / row["b"] for row in rows.values()) == pytest.approx(1 / 0.01)
    assert [(o.payer, o.receiver, o.amount) for o in branch.outlays] == [("B", "A", 80.0)]
    with pytest.raises(ModelError, match="cannot give"):
        branches(scenario, chain, settings={"part.volume": 1000})


def test_a_plant_opens_a_way_that_was_not_there():
    right = toy.right(
        "lng",
        "plant",
        "B",
        "land of A",
        {
            "terminal": "Plant",
            "node": "Coast",
            "inland": "land of A",
            "partner": "A",
            "routes": {"Isle": 1000.0},
        },
        capacity=5.0,
        share=0.25,
        investment=100.0,
        operating_cost=5.0,
        freight=10.0,
        loss=0.1,
    )
    branch = one(right)
    landing = Add("terminals", {"node": "Isle", "kind": "regasification", "capacity": 100})
    chain = toy.chain().with_edits([landing, *branch.edits])
    (terminal,) = [row for row in chain.rows("terminals") if row["name"] == "Plant"]
    assert terminal["capacity"] == pytest.approx(5 * 1.36 / 0.9)
    assert terminal["owner"] == "B:0.25;A:0.75"
    found = solve(chain)
    assert found.sales["A", "Isle"] + found.sales.get(("B", "Isle"), 0) == pytest.approx(6.8)
    assert {o.payer: o.amount for o in branch.outlays} == {"B": 25.0, "A": 75.0}


def test_a_new_line_is_owned_through_the_partners_stake():
    right = toy.right(
        "line",
        "pipeline",
        "B",
        "land of A",
        {
            "pipeline": "Isle line",
            "from": "land of A",
            "into": "Isle",
            "partner": "A",
            "others": "the rest",
        },
        capacity=8.0,
        stake=0.4,
        share=0.25,
        investment=100.0,
        operating_cost=3.0,
    )
    branch = one(right)
    (edit,) = branch.edits
    assert edit.row["owner"] == "B:0.1;A:0.3;the rest:0.6"
    assert {o.payer: round(o.amount, 9) for o in branch.outlays} == {
        "B": 10,
        "A": 30,
        "the rest": 60,
    }
    assert one(right, **{"line.capacity": 0.0}).edits == ()
    assert one(right, **{"line.capacity": 0.0}).outlays == ()


def test_rights_that_are_one_edit():
    names = {"partner": "B", "hands_over": ("Hub",), "receives": ("Isle",)}
    assert one(toy.right("s", "swap", names=names, cap=2.0, ratio=1.0)).edits == (
        Swap("s", "A", "B", 2.0, 1.0, ("Hub",), ("Isle",)),
        OpenMarket("A", "Isle"),
        OpenMarket("B", "Hub"),
    )
    assert one(toy.right("a", "access", names={"arcs": ("land of B-Hub",)})).edits == (
        GrantAccess("land of B-Hub", "A"),
    )
    assert one(toy.right("m", "market_opening", names={"markets": ("Isle",)})).edits == (
        OpenMarket("A", "Isle"),
    )
    _, right = toy.marketing(0.5)
    assert one(right).edits == (Cooperate("together", ("A", "B"), 0.5, "Hub"),)
    assert one(right, **{"together.strength": 0.0}).edits == ()


def test_a_swap_cannot_lose_joint_value_of_price_takers():
    """Where nobody prices strategically a swap only adds a way to serve."""
    lines = [
        {"from": "land of A", "to": "Hub", "capacity": 30},
        {"from": "land of B", "to": "Isle", "capacity": 30},
    ]
    chain = toy.chain(conduct_of=0, pipelines=lines)
    swap = Swap("s", "A", "B", 10.0, 1.0, ("Hub",), ("Isle",))
    assert solve(chain, [swap]).welfare >= solve(chain).welfare - 1e-6


def test_change_is_undone_by_no_leg():
    assert branches(toy.scenario(toy.marketing(0.5)), toy.chain(), legs=())[0].edits == ()
    assert Change("fields", "field of A", "a", 1) not in one(toy.marketing(0.5)[1]).edits


def test_an_assumption_may_stand_in_every_language(tmp_path):
    told = "{assumption: {en: usual, ar: معتاد, fr: courant, ru: обычно}}"
    scenario = load(tmp_path, GOOD.replace("{assumption: usual}", told, 1))
    (basis,) = scenario.general["rate"].basis
    assert basis.assumption == "usual" and basis.sentences["fr"] == "courant"
    rate, years = assumptions(scenario)[:2]
    assert (rate["reason"], rate["reasons"]["ru"]) == ("usual", "обычно")
    assert (years["reason"], years["reasons"]) == ("usual", {})
    (problem,) = mistakes(
        tmp_path, GOOD.replace("{assumption: usual}", "{assumption: {en: usual, ar: x, fr: x}}", 1)
    )
    assert "'ru' is missing" in problem.what


# Without hindsight


def test_a_right_whose_figures_were_told_later_is_left_out(tmp_path):
    scenario = load(tmp_path)
    told = {("plant", "capacity", "press")}
    assert as_known(scenario, told) == (scenario, ())
    cut, left_out = as_known(scenario, set())
    assert [leg.id for leg in cut.legs] == ["marketing"]
    assert [item.to_dict() for item in left_out] == [
        {
            "leg": "exploration",
            "right": "find",
            "name": {"en": "Find", "ar": "كشف", "fr": "Découverte", "ru": "Находка"},
            "figures": ["share"],
        }
    ]
    assert cut.general == scenario.general and cut.parties == scenario.parties


def test_what_was_told_later_goes_out_of_the_bases_and_a_shared_figure_goes_on(tmp_path):
    claims = "[{claim: plant.capacity, sources: [press]}, {claim: plant.cost, sources: [paper]}]"
    lifting = f"""\
  - id: production
    rights:
      - id: lift
        what: lifting
        to: A
        territory: land of B
        name: {{en: Lift, ar: رفع, fr: Part, ru: Доля}}
        field: field of B
        owner: B
        parameters:
          volume: {{value: 5, unit: bcm/year, basis: {claims}}}
          entry_payment: {{same_as: find.discovery_cost}}
  - id: marketing
"""
    text = GOOD.replace("  - id: marketing\n", lifting)
    scenario = load(tmp_path, text)
    cut, (gone,) = as_known(scenario, {("plant", "cost", "paper")})
    assert gone.right == "find"
    (lift,) = cut.legs[0].rights
    assert [basis.sources for basis in lift.parameters["volume"].basis] == [("paper",)]
    assert lift.parameters["entry_payment"].id == "lift.entry_payment"
    assert (
        "lift.entry_payment" in cut.parameters() and "find.discovery_cost" not in cut.parameters()
    )
