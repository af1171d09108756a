"""The commands that send jobs, ask after them and end them."""
