"""Who sells gas to whom, at what price, with market power and cooperation."""

from mithaq.equilibrium.certificate import Certificate
from mithaq.equilibrium.fit import Fit, fit
from mithaq.equilibrium.result import Equilibrium, solve
from mithaq.equilibrium.solvers import Method, Outcome

__all__ = ["Certificate", "Equilibrium", "Fit", "Method", "Outcome", "fit", "solve"]
