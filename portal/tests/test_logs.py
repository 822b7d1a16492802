"""N2: logs say when in UTC, with the zone."""

import logging
import logging.config

from django.conf import settings


def test_a_line_of_the_log_says_when_in_utc():
    form = settings.LOGGING["formatters"]["plain"]
    written = logging.config.DictConfigurator({}).configure_formatter(dict(form))
    record = logging.makeLogRecord({"created": 0, "msecs": 7, "msg": "sent", "levelname": "INFO"})
    assert written.format(record) == "1970-01-01T00:00:00.007Z INFO None sent"
