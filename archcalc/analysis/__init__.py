"""What a network costs: the conditions, the run, the figures and the blocks of its report."""
