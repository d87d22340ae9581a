"""How long a network takes: devices, and what is known of them."""
