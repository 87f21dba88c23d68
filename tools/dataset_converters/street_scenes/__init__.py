"""Procedurally drawn street scenes with their annotation."""
