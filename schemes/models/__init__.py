from .post import Post, Review, Variant
from .scheme import (
    ApplyMode,
    Category,
    Indicator,
    Level,
    Persona,
    Progress,
    Scheme,
    SchemeStatus,
    SearchTerm,
)

__all__ = [
    "ApplyMode",
    "Category",
    "Indicator",
    "Level",
    "Persona",
    "Post",
    "Progress",
    "Review",
    "Scheme",
    "SchemeStatus",
    "SearchTerm",
    "Variant",
]
