"""What ops need of NumPy for their references; imported late."""
