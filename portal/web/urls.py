from django.urls import path

from .display import change_display
from .furniture import PAGES
from .pages import robots_txt, security_txt, show_page, sitemap

app_name = "web"

urlpatterns = [
    path("display/", change_display, name="display"),
    path("robots.txt", robots_txt, name="robots_txt"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path(PAGES["sitemap"].path, sitemap, name="sitemap"),
    *(
        path(page.path, show_page, {"name": name}, name=name)
        for name, page in PAGES.items()
        if name != "sitemap"
    ),
]
