"""The spec language: YAML text to a `Network`, keeping line and column."""
