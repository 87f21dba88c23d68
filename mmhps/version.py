"""The version of this package, in the one place that setup.py and users read."""

__version__ = "0.1.0"
