"""Beam: one module a stage, the runner, the configuration, the command line, the report."""
