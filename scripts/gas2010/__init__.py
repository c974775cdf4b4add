"""How the gas chain of 2010 is built from the tables in ``data/sources``."""
