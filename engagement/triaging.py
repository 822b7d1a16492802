"""What a conversation seems to be about: proposed by words, decided by an officer."""

from __future__ import annotations

from .models import Conversation, Remark


def propose_for(conversation: Conversation, remark: Remark) -> None:
    """Write what its words propose, unless an officer has decided."""
