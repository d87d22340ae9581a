"""A network as a Keras program."""
