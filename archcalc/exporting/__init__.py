"""A network written in other formats: the spec, programs for frameworks, drawings."""
