"""For operators: what workers show of themselves, and checks of a deployment."""
