"""Ops that slide a window."""
