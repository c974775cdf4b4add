"""Who sells gas to whom, at what price, with market power and cooperation."""

from mithaq.equilibrium.calibrate import Calibration, calibrate
from mithaq.equilibrium.certificate import Certificate
from mithaq.equilibrium.fit import Fit, fit
from mithaq.equilibrium.recipes import Objective, Recipe
from mithaq.equilibrium.result import Equilibrium, solve
from mithaq.equilibrium.solvers import Method, Outcome
from mithaq.equilibrium.start import Start

__all__ = [
    "Calibration",
    "Certificate",
    "Equilibrium",
    "Fit",
    "Method",
    "Objective",
    "Outcome",
    "Recipe",
    "Start",
    "calibrate",
    "fit",
    "solve",
]
