"""What is published: every model's state, its versions, and the served folder behind them."""

from tfjs_serve.library.claim import Claim, claim
from tfjs_serve.library.entries import Entry, Stamp, State, Version
from tfjs_serve.library.library import Library

__all__ = ["Claim", "Entry", "Library", "Stamp", "State", "Version", "claim"]
