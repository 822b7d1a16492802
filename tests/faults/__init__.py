"""Real publishers against the rehearsal, broken in every way that can be thought of.

`run.py` is the command (`make faults`), `test_faults.py` its short run in the suite.
"""
