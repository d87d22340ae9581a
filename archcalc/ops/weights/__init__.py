"""Linear layers, matrix products and recurrence."""
