from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Min
from django.utils import timezone

from publishing.models import Delivery
from publishing.states import OPEN


class Command(BaseCommand):
    help = "Show how many deliveries are where, and since when the oldest waits."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = (
            Delivery.objects.order_by()
            .values("state", "handle__platform")
            .annotate(count=Count("pk"), oldest=Min("state_since"))
            .order_by("state", "handle__platform")
        )
        for row in counts:
            line = f"{row['state']:<11} {row['handle__platform']:<10} {row['count']:>8}"
            if row["state"] in OPEN:
                line += f"  oldest {(timezone.now() - row['oldest']).total_seconds():.0f} s"
            self.stdout.write(line)
        if not counts:
            self.stdout.write("No deliveries yet.")
