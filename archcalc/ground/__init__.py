"""What every room stands on: errors, limits, quantities."""
