"""mithaq: the record of energy partnerships, and what they are worth."""
