"""How much a publisher claims beforehand."""

from publishing.publisher import Publisher


def busy(publisher: Publisher, platform: str, number: int) -> None:
    publisher._under_way[platform] = number


def test_where_calls_are_quick_two_batches_wait_behind_the_one_under_way(settings):
    settings.PUBLISH_AT_ONCE = 100
    publisher = Publisher()
    busy(publisher, "x", 0)
    assert publisher.wanted_by("x") == 300
    busy(publisher, "x", 150)
    assert publisher.wanted_by("x") == 0
    busy(publisher, "x", 100)
    assert publisher.wanted_by("x") == 200


def test_where_they_are_slow_nothing_waits_so_that_the_urgent_comes_at_once(settings):
    settings.PUBLISH_AT_ONCE = 100
    publisher = Publisher()
    busy(publisher, "x", 200)
    for _ in range(100):
        publisher.ended("x", 5.0)
    assert publisher.wanted_by("x") == 0  # a hundred are under way still
    busy(publisher, "x", 70)
    assert publisher.wanted_by("x") == 30
    assert publisher.wanted_by("youtube") == 300  # one slow platform slows no other
