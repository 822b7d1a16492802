from .post import Post, Review, Variant
from .scheme import (
    ApplyMode,
    Category,
    ChangeState,
    Indicator,
    Level,
    Persona,
    Progress,
    Scheme,
    SchemeChange,
    SchemeStatus,
    SearchTerm,
)

__all__ = [
    "ApplyMode",
    "Category",
    "ChangeState",
    "Indicator",
    "Level",
    "Persona",
    "Post",
    "Progress",
    "Review",
    "Scheme",
    "SchemeChange",
    "SchemeStatus",
    "SearchTerm",
    "Variant",
]
