"""Charts as Vega-Lite specifications. Their colours are names that the page's style defines."""
