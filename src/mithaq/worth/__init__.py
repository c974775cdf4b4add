"""What agreements are worth: to whom, by which leg, how evenly, and how surely."""

from mithaq.games import excess, game, interaction, shapley
from mithaq.worth.agreement import Variant, Worth, worth, worth_of
from mithaq.worth.bargain import Bargain, Deal, bargain
from mithaq.worth.batch import BatchResult, Pace, batch, sweep
from mithaq.worth.chaos import Sensitivity, sensitivity
from mithaq.worth.forum import Coalition, Forum, forum, stability
from mithaq.worth.forum_draws import ForumDraws, forum_draws
from mithaq.worth.power import Power, power
from mithaq.worth.reciprocity import Balance, Payment
from mithaq.worth.sway import Sway, sway
from mithaq.worth.together import Together, together
from mithaq.worth.uncertain import Uncertain, uncertain

__all__ = [
    "Balance",
    "Bargain",
    "BatchResult",
    "Coalition",
    "Deal",
    "Forum",
    "ForumDraws",
    "Pace",
    "Payment",
    "Power",
    "Sensitivity",
    "Sway",
    "Together",
    "Uncertain",
    "Variant",
    "Worth",
    "bargain",
    "batch",
    "excess",
    "forum",
    "forum_draws",
    "game",
    "interaction",
    "power",
    "sensitivity",
    "shapley",
    "stability",
    "sway",
    "sweep",
    "together",
    "uncertain",
    "worth",
    "worth_of",
]
