"""N2: logs say when in UTC, with the zone."""

import json
import logging
import logging.config

from django.conf import settings

from portal.logs import JsonFormatter, about


def test_a_line_of_the_log_says_when_in_utc():
    form = settings.LOGGING["formatters"]["text"]  # type: ignore[index]
    written = logging.config.DictConfigurator({}).configure_formatter(dict(form))
    record = logging.makeLogRecord({"created": 0, "msecs": 7, "msg": "sent", "levelname": "INFO"})
    assert written.format(record) == "1970-01-01T00:00:00.007Z INFO None sent"


def line_of(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = json.loads(JsonFormatter().format(record))
    return found


def test_lines_inside_carry_what_the_work_is_about_and_lines_after_do_not():
    record = logging.makeLogRecord({"created": 0, "msg": "%s sent", "args": ("एक",)})
    with about(post="post:1"), about(delivery=2):
        inside = line_of(record)
    assert (inside["at"], inside["message"]) == ("1970-01-01T00:00:00.000Z", "एक sent")
    assert (inside["post"], inside["delivery"]) == ("post:1", 2)
    assert "post" not in line_of(record)


def test_a_request_has_a_number_of_our_own_on_its_lines(client, caplog):
    caplog.handler.setFormatter(JsonFormatter())
    with caplog.at_level(logging.WARNING):
        answer = client.get("/nowhere/", headers={"X-Request-ID": "chosen-elsewhere"})
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    assert [line["request"] for line in lines] == [answer.headers["X-Request-ID"]]
    assert "chosen" not in answer.headers["X-Request-ID"]
    assert "request" not in line_of(logging.makeLogRecord({"created": 0}))
