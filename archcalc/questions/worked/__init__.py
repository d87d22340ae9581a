"""A layer worked out on small values, and laid out as the matrices that im2col makes."""
