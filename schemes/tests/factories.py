"""Records for tests, named by their state."""

from __future__ import annotations

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from departments.models import Department, District, Division, Handle
from departments.platforms import Platform
from departments.states import HandleState
from departments.tests.factories import person_without_charge
from publishing.models import Delivery, Message
from publishing.states import DeliveryState
from schemes.models import Category, Indicator, Persona, Post, Progress, Scheme
from schemes.workflow import PostKind, PostState

SEAL = "0" * 64


class DepartmentFactory(DjangoModelFactory[Department]):
    class Meta:
        model = Department

    slug = factory.Sequence(lambda n: f"department-{n}")
    name_hi = factory.Sequence(lambda n: f"विभाग {n}")
    name_en = factory.Sequence(lambda n: f"Department {n}")
    kind = "department"


class DivisionFactory(DjangoModelFactory[Division]):
    class Meta:
        model = Division

    slug = factory.Sequence(lambda n: f"division-{n}")
    name_hi = factory.Sequence(lambda n: f"मण्डल {n}")
    name_en = factory.Sequence(lambda n: f"Division {n}")


class DistrictFactory(DjangoModelFactory[District]):
    class Meta:
        model = District

    slug = factory.Sequence(lambda n: f"district-{n}")
    name_hi = factory.Sequence(lambda n: f"जनपद {n}")
    name_en = factory.Sequence(lambda n: f"District {n}")
    division = factory.SubFactory(DivisionFactory)
    lgd_code = factory.Sequence(lambda n: 1000 + n)


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    slug = factory.Sequence(lambda n: f"category-{n}")
    name_hi = factory.Sequence(lambda n: f"श्रेणी {n}")
    name_en = factory.Sequence(lambda n: f"Category {n}")
    position = factory.Sequence(lambda n: n)


class PersonaFactory(DjangoModelFactory[Persona]):
    class Meta:
        model = Persona

    slug = factory.Sequence(lambda n: f"persona-{n}")
    name_hi = factory.Sequence(lambda n: f"लाभार्थी {n}")
    name_en = factory.Sequence(lambda n: f"Beneficiary {n}")
    position = factory.Sequence(lambda n: n)


class SchemeFactory(DjangoModelFactory[Scheme]):
    """Shown to the public."""

    class Meta:
        model = Scheme
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda n: f"scheme-{n}")
    department = factory.SubFactory(DepartmentFactory)
    title_hi = factory.Sequence(lambda n: f"योजना {n}")
    title_en = factory.Sequence(lambda n: f"Scheme {n}")
    summary_hi = "पात्र परिवारों को सहायता।"
    summary_en = "Help for families who qualify."
    is_public = True

    @factory.post_generation
    def categories(self, create: bool, records: Any, **kwargs: Any) -> None:
        self.categories.set(records or [])

    @factory.post_generation
    def personas(self, create: bool, records: Any, **kwargs: Any) -> None:
        self.personas.set(records or [])

    @factory.post_generation
    def districts(self, create: bool, records: Any, **kwargs: Any) -> None:
        self.districts.set(records or [])


class IndicatorFactory(DjangoModelFactory[Indicator]):
    class Meta:
        model = Indicator

    scheme = factory.SubFactory(SchemeFactory)
    name_hi = factory.Sequence(lambda n: f"लाभान्वित परिवार {n}")
    name_en = factory.Sequence(lambda n: f"Families reached {n}")
    unit_hi = "परिवार"
    unit_en = "families"


class ProgressFactory(DjangoModelFactory[Progress]):
    """Confirmed by a second officer."""

    class Meta:
        model = Progress

    indicator = factory.SubFactory(IndicatorFactory)
    target = 2_500_000
    achieved = 1_250_000
    as_on = factory.LazyFunction(timezone.localdate)
    source_hi = "विभागीय प्रतिवेदन"
    source_en = "Report of the department"
    entered_by = factory.LazyFunction(person_without_charge)
    confirmed_by = factory.LazyFunction(person_without_charge)
    confirmed_at = factory.LazyFunction(timezone.now)


class HandleFactory(DjangoModelFactory[Handle]):
    """Registered; connected only with the trait."""

    class Meta:
        model = Handle

    class Params:
        connected = factory.Trait(
            state=HandleState.CONNECTED,
            external_id=factory.LazyAttribute(lambda handle: f"id-{handle.name}"),
        )

    department = factory.SubFactory(DepartmentFactory)
    platform = Platform.X
    name = factory.Sequence(lambda n: f"Example{n}")
    url = factory.LazyAttribute(lambda handle: f"https://x.com/{handle.name}")


def connected_handle(**fields: Any) -> Handle:
    return HandleFactory(connected=True, **fields)


class PostFactory(DjangoModelFactory[Post]):
    """A draft."""

    class Meta:
        model = Post

    department = factory.SubFactory(DepartmentFactory)
    author = factory.LazyFunction(person_without_charge)
    kind = PostKind.SCHEME_INFORMATION
    title_hi = factory.Sequence(lambda n: f"सूचना {n}")
    title_en = factory.Sequence(lambda n: f"Notice {n}")
    text_hi = "आवेदन 30 नवम्बर तक करें।"
    text_en = "Apply by 30 November."


def message_of(post: Post, **fields: Any) -> Message:
    return Message.objects.create(
        **{
            "department": post.department,
            "source": "post",
            "source_id": post.pk,
            "seal": post.seal or SEAL,
            "approved_by": post.author,
        }
        | fields
    )


def sent_delivery(message: Message, handle: Handle, **fields: Any) -> Delivery:
    return Delivery.objects.create(
        **{
            "message": message,
            "handle": handle,
            "state": DeliveryState.SENT,
            "sent_at": timezone.now(),
            "platform_id": f"{message.pk}-{handle.pk}",
            "permalink": f"https://x.com/{handle.name}/status/{message.pk}",
        }
        | fields
    )


def published_post(**fields: Any) -> Post:
    """Released, and out on one handle of its department."""
    post = PostFactory(**{"state": PostState.RELEASED, "seal": SEAL} | fields)
    sent_delivery(message_of(post), connected_handle(department=post.department))
    return post
