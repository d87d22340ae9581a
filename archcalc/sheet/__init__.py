"""Pages as data: values under columns, and the renderers that write them."""
