import json

import pytest
from publishing.connectors.threads import Threads

from publishing.connectors.base import Content

from .contract import ConnectorContract


class TestThreads(ConnectorContract):
    kind = Threads

    @pytest.fixture
    def content(self, photo):
        return Content("शिविर 25 नवम्बर को।", attachments=(photo,))

    def prepare(self, journal, base_url):
        journal.keep(container="555", container_until="99999999999")

    def test_text_alone_is_published(self, connector, journal, posts):
        receipt = connector.publish(Content("केवल पाठ"), journal)
        assert [(post.id, post.file) for post in posts()] == [(receipt.platform_id, "")]

    def test_five_hundred_characters_are_too_few_for_more(self):
        (problem,) = Threads.check(Content("क" * 501))
        assert (problem.code, json.dumps(dict(problem.values))) == (
            "text_too_long_characters",
            '{"length": 501, "limit": 500, "over": 1}',
        )
