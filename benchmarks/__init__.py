"""Timings of mithaq beside the solvers called directly, on the same matrices."""
