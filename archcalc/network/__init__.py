"""A network as a graph of ops, without sizes."""
