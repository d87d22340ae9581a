"""One network in the units of every public tool: what each of them counts, as data, and the sums that follow."""
