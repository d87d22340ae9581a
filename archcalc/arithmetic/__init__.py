"""Numbers that formulas run on beside integers: terms, polynomials, windows."""
