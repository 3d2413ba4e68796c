"""For all tests: Hypothesis draws the same examples everywhere, however slow the machine."""

from hypothesis import settings

settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.load_profile("book")
