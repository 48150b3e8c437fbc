"""Measure the service beside its peers: see script/bench and docs/performance.md."""
