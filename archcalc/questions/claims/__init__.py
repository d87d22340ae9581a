"""A network really run, and compared with its report."""
