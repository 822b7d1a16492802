"""What connectors are handed of a message."""

import pytest

from departments.tests.factories import department, person_without_charge
from publishing.actions import queue_message
from publishing.content import contents_of
from publishing.seal import SealedPart, compute_seal, sealed_file

from .factories import connected_handle, stored_photo

pytestmark = pytest.mark.django_db


def test_deliveries_of_one_message_read_its_photo_independently():
    """Each thread opens and closes its own: half a photo once went out to nobody's knowledge."""
    owner = department()
    handles, photo = [connected_handle(owner, "facebook") for _ in range(2)], stored_photo(owner)
    part = SealedPart(
        "facebook", "शिविर", "", (), (sealed_file(photo, "शिविर", platform="facebook"),)
    )
    message = queue_message(
        department=owner,
        source="post",
        source_id=1,
        parts=[part],
        media={"facebook": [photo.pk]},
        handles=handles,
        not_before=None,
        not_after=None,
        seal=compute_seal([part], [one.pk for one in handles], None, None),
        actor=person_without_charge(),
    )
    first, second = contents_of(message.deliveries.all()).values()
    with first.attachments[0].file.open("rb") as one:
        assert one.read(2) == b"ph"
        with second.attachments[0].file.open("rb") as other:
            assert other.read() == b"photo"
        assert one.read() == b"oto"
