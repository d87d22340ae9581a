"""Linear layers, matrix products and recurrence."""

from archcalc.ops.weights import dense, products, products_lettered, recurrent

__all__ = ["dense", "products", "products_lettered", "recurrent"]
