"""Traces of jobs for a collector of OpenTelemetry."""
