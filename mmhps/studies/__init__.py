"""Experiments: sweeps over systems and seeds, their tables, studies of one network, and timing."""
