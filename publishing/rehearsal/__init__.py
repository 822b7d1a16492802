"""The stand-in for the five platforms: a process and a store of its own, on loopback only."""
