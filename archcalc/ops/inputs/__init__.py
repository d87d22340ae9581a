"""What comes in, learnt tensors by themselves, and what cannot be accounted for."""
