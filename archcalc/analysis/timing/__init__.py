"""How long a network takes on a device: its kernels, and what each of them costs there."""
