"""What a network is read from and written to, one folder a format."""
