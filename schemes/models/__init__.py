from .post import Draft, Post, PostPhoto, Review, Variant
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
    "Draft",
    "Indicator",
    "Level",
    "Persona",
    "Post",
    "PostPhoto",
    "Progress",
    "Review",
    "Scheme",
    "SchemeChange",
    "SchemeStatus",
    "SearchTerm",
    "Variant",
]
