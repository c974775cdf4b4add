"""What agreements are worth: to whom, by which leg, how evenly, and how surely."""

from mithaq.games import excess, game, interaction, shapley
from mithaq.worth.agreement import Variant, Worth, worth, worth_of
from mithaq.worth.batch import BatchResult, batch
from mithaq.worth.reciprocity import Balance, Payment

__all__ = [
    "Balance",
    "BatchResult",
    "Payment",
    "Variant",
    "Worth",
    "batch",
    "excess",
    "game",
    "interaction",
    "shapley",
    "worth",
    "worth_of",
]
