"""Tables of any length, read part by part; each part knows where in the file its rows stand."""
