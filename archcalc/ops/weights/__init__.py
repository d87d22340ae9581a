"""Linear layers, matrix products and recurrence."""

from archcalc.ops.weights import dense, products, recurrent

__all__ = ["dense", "products", "recurrent"]
