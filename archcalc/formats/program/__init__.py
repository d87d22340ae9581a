"""What the writers of programs share: blocks, names, variables, code."""
