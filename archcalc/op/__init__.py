"""What an op declares: its settings, formulas and facts."""
