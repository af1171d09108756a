"""The domain of arbtune: the trading model, its data, its documents. No network, no processes."""
