"""What a machine does, measured: how long products, streams and layers take on it, and the device that they make of it."""
