"""How the gas chains of the base years are built from the tables in ``data/sources``."""
