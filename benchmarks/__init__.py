"""Measurements with their reaches: `make bench`; the figures are in docs/benchmarks.md."""
