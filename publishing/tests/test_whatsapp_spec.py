"""Our calls and the rehearsal's answers, held against Meta's own description of the Cloud API.

Where the description is older or wrong, payloads/whatsapp/overlay.yaml says so and why.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from publishing.connectors.base import Account, Content
from publishing.connectors.errors import ConnectorError
from publishing.connectors.http import Http
from publishing.connectors.whatsapp import WhatsApp
from publishing.rehearsal.faults import add_fault

from .specifications import OpenApi
from .test_whatsapp import BUSINESS, FILLED, GROUP, PERSON, PLAIN, TEXT

OVERLAY = Path(__file__).parent / "payloads/whatsapp/overlay.yaml"
TOKEN = "secret-token-0123456789"
EXTRA = {"business": BUSINESS, "group": GROUP}


@pytest.fixture(scope="module")
def whole():
    corrections = yaml.safe_load(OVERLAY.read_text("utf-8"))
    return OpenApi.load("whatsapp-business-messaging-23.0.yaml", corrections=corrections)


@pytest.fixture(scope="module")
def description(whole):
    """What has a name in its path; a bare id may stand for anything."""
    paths = whole.document["paths"].items()
    return OpenApi(
        whole.document | {"paths": {name: one for name, one in paths if name.count("/") > 2}}
    )


@pytest.fixture(scope="module")
def of_node(whole):
    """The description with what a bare id stands for here."""
    paths = whole.document["paths"]
    named = {name: one for name, one in paths.items() if name.count("/") > 2}
    return lambda node: OpenApi(
        whole.document | {"paths": {**named, f"/{{Version}}/{node}": paths[f"/{{Version}}/{node}"]}}
    )


@pytest.fixture(autouse=True)
def no_proof(settings):
    """The description knows nothing of the proof that we are the token's app (1.4)."""
    settings.PLATFORM_APPS = {**settings.PLATFORM_APPS, "whatsapp": {"id": "", "secret": ""}}


@pytest.fixture
def connector(rehearsal):
    rehearsal.store.add_account("whatsapp", "1001", "विभाग", TOKEN, EXTRA)
    account = Account("1001", "विभाग", TOKEN, EXTRA)
    return WhatsApp(Http(f"{rehearsal.url}/whatsapp", "whatsapp"), account)


def fits(description, exchanges):
    assert exchanges
    assert [misfit for one in exchanges for misfit in description.misfits(one)] == []


def test_text_and_picture_to_a_group(description, exchanges, connector, journal, photo):
    connector.publish(Content(TEXT), journal)
    connector.publish(Content(TEXT, attachments=(photo,)), journal)
    assert len(exchanges) == 3
    fits(description, exchanges)


def test_video_to_a_group(description, exchanges, connector, journal, video):
    connector.publish(Content(TEXT, attachments=(video,)), journal)
    fits(description, exchanges)


@pytest.mark.parametrize("template", [FILLED, PLAIN], ids=lambda template: template.name)
def test_template_to_a_person(description, exchanges, connector, journal, photo, template):
    files = (photo,) if template.header else ()
    content = Content("", attachments=files, template=template, recipient=PERSON)
    connector.publish(content, journal)
    fits(description, exchanges)


def test_reading_templates(description, exchanges, connector):
    assert connector.read_templates()
    fits(description, exchanges)


def test_groups(of_node, exchanges, connector):
    connector.create_group("अधिकारी", "सूचनाएँ")
    (group,) = connector.groups().items
    connector.invite_link(group.id)
    connector.people_in(group.id)
    assert len(exchanges) == 4
    fits(of_node("{group_id}"), exchanges)


def test_media(of_node, exchanges, connector, journal, photo):
    connector.publish(Content(TEXT, attachments=(photo,)), journal)
    media = journal.values["media"]
    connector.graph("GET", media, reference="", params={"phone_number_id": "1001"})
    connector.graph("DELETE", media, reference="", params={"phone_number_id": "1001"})
    fits(of_node("{Media-ID}"), exchanges)


@pytest.mark.parametrize("code", ["190", "131026", "131056", "132001", "80007"])
def test_errors(description, exchanges, connector, journal, rehearsal, code):
    add_fault(rehearsal.store, "whatsapp", "code", detail=code)
    with pytest.raises(ConnectorError):
        connector.publish(Content("", template=PLAIN, recipient=PERSON), journal)
    fits(description, exchanges)


def test_misfit_is_seen(description, exchanges, connector, journal):
    """The description would notice what it should."""
    connector.publish(Content("", template=PLAIN, recipient=PERSON), journal)
    (good,) = exchanges
    assert description.misfits(good) == []
    body = good.request.body.replace(b'"name": "soochna_sandesh"', b'"name": 7')
    assert body != good.request.body
    assert description.misfits(replace(good, request=replace(good.request, body=body)))
