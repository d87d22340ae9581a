"""A step of training: what is kept between its forward and its backward pass."""
