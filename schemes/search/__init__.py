"""The search box: `search` finds, `index_scheme` and `reindex` keep what it looks in."""

from .index import index_scheme, index_schemes, reindex
from .query import search

__all__ = ["index_scheme", "index_schemes", "reindex", "search"]
