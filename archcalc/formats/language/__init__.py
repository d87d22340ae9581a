"""The spec language: YAML text to a network, and back."""
