"""What is published, where to, and what came of it."""

from .audience import (
    ConsentWay,
    Subscriber,
    Template,
)
from .callback import (
    CallbackEvent,
    CallbackItem,
)
from .media import (
    Captions,
    Derivative,
    Media,
    MediaKind,
    Rights,
    Upload,
    Work,
    captions_path,
    derivative_path,
    media_path,
    thumbnail_path,
)
from .message import (
    SOURCES,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    Message,
    MessagePart,
    MessageQuerySet,
    Metric,
    Operation,
    PartMedia,
    Place,
    Reached,
)
from .stop import Exemption, Scope, Stop, StopQuerySet
from .traffic import Allowance, Circuit, CircuitState, Publisher

__all__ = [
    "SOURCES",
    "Allowance",
    "Attempt",
    "CallbackEvent",
    "CallbackItem",
    "Captions",
    "Circuit",
    "CircuitState",
    "ConsentWay",
    "Delivery",
    "DeliveryQuerySet",
    "Derivative",
    "Exemption",
    "Media",
    "MediaKind",
    "Message",
    "MessagePart",
    "MessageQuerySet",
    "Metric",
    "Operation",
    "PartMedia",
    "Place",
    "Publisher",
    "Reached",
    "Rights",
    "Scope",
    "Stop",
    "StopQuerySet",
    "Subscriber",
    "Template",
    "Upload",
    "Work",
    "captions_path",
    "derivative_path",
    "media_path",
    "thumbnail_path",
]
