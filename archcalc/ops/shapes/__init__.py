"""Ops that merge, lay out, pick or reduce."""
