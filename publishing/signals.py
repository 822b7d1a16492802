"""News for whoever is above this app. Nothing that must happen depends on a listener."""

from django.dispatch import Signal

# A delivery of this message was claimed, or posted by hand; heard often. Arguments: message.
message_started = Signal()
# A delivery changed its state. Arguments: delivery.
delivery_moved = Signal()
# A delivery has got so far: claimed, kept, armed, answered, stored. Arguments: step, delivery_id.
step_taken = Signal()
