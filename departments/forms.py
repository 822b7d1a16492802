"""What an officer types about handles, departments and people; rules are the actions'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from portal.web.fields import DayField, LineField, LinesField, length_of

from .access import own_departments
from .fields import NamedField
from .models import Department, DepartmentKind, District, Handle, Member, User
from .names import collated
from .platforms import ADVISED_NAME_LENGTH, SITES, Platform, links_to, may_be_named
from .roles import Role


def officers_of(department: Department | None) -> list[tuple[str, str]]:
    """Who holds a charge there today, each once, as choices."""
    if department is None:
        return []
    charges = Member.objects.current().filter(department=department).select_related("user")
    charges = charges.order_by(collated("user__name"))
    names = {charge.user_id: charge.user.name for charge in charges}
    return [(str(key), name) for key, name in names.items()]


class HandleForm(forms.Form):
    name = LineField(
        label=_("Name of the handle"),
        longest=100,
        stored=100,
        help_text=_("Without @. Best the same on every platform."),
    )
    url = LineField(
        label=_("Link"),
        longest=200,
        stored=200,
        required=False,
        help_text=_("The address of the handle on the platform, beginning with https://"),
    )
    accountable_officer = forms.ChoiceField(
        label=_("Accountable officer"),
        required=False,
        help_text=_("Answers for what this handle says. Must hold a charge in the department."),
    )
    district = NamedField(
        District.objects.all(),
        label=_("District"),
        required=False,
        empty_label=_("The whole State"),
        help_text=_("For whose people the handle speaks. Campaigns are addressed by it."),
    )
    note = LinesField(label=_("Note"), longest=2000, required=False)

    def __init__(self, *args: Any, handle: Handle | None = None, **options: Any) -> None:
        self.handle = handle
        super().__init__(*args, **options)
        self.fields["url"].widget.input_type = "url"
        self.fields["name"].widget.attrs.update(autocapitalize="none", spellcheck="false")
        if self._platform == Platform.X:
            self.fields["name"].help_text = _(
                "Without @. At most 15 characters, and only Latin letters, digits and the"
                " underscore."
            )
        if handle:
            self._start_from(handle)

    def _start_from(self, handle: Handle) -> None:
        officer = handle.accountable_officer
        self.initial = {
            "name": handle.name,
            "url": handle.url,
            "note": handle.note,
            "district": handle.district_id,
            "accountable_officer": str(officer.pk) if officer else "",
            **self.initial,
        }
        self.offer_officers(handle.department)

    def offer_officers(self, department: Department | None) -> None:
        choices = [("", _("Not named yet")), *officers_of(department)]
        field = self.fields["accountable_officer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].removeprefix("@").strip()
        if not name:
            raise forms.ValidationError(_("Write the name of the handle."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        platform = self.handle.platform if self.handle else cleaned.get("platform", "")
        name, url = cleaned.get("name"), cleaned.get("url")
        is_renamed = not self.handle or name != self.handle.name
        if name and is_renamed and not may_be_named(platform, name):
            self.add_error(
                "name",
                _(
                    "A name on X has at most 15 characters: Latin letters, digits and the"
                    " underscore."
                ),
            )
        is_new = not self.handle or url != self.handle.url
        if url and platform and is_new and not _is_handle_address(platform, url):
            sites = ", ".join(sorted(SITES[platform]))
            self.add_error(
                "url",
                _("Give an address that begins with https:// on one of: %(sites)s.")
                % {"sites": sites},
            )
        return cleaned

    def fields_for_action(self) -> dict[str, Any]:
        officer = self.cleaned_data["accountable_officer"]
        return {
            "name": self.cleaned_data["name"],
            "url": self.cleaned_data["url"],
            "note": self.cleaned_data["note"],
            "district": self.cleaned_data["district"],
            "accountable_officer": User.objects.get(pk=officer) if officer else None,
        }

    @property
    def name_length(self) -> int:
        return length_of(str(self["name"].value() or ""))

    @property
    def is_name_long(self) -> bool:
        """Longer than X allows, and so advised against elsewhere; on X itself it is an error."""
        return self._platform != Platform.X and self.name_length > ADVISED_NAME_LENGTH

    @property
    def _platform(self) -> str:
        return self.handle.platform if self.handle else str(self["platform"].value() or "")


class NewHandleForm(HandleForm):
    department = NamedField(Department.objects.none(), label=_("Department"))
    platform = forms.ChoiceField(
        label=_("Platform"), choices=[("", _("Choose")), *Platform.choices]
    )
    field_order = (
        "department",
        "platform",
        "name",
        "url",
        "accountable_officer",
        "district",
        "note",
    )

    def __init__(self, *args: Any, officer: User, **options: Any) -> None:
        super().__init__(*args, **options)
        departments = list(own_departments(officer))
        field = self.fields["department"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = own_departments(officer)
        chosen = departments[0] if len(departments) == 1 else None
        if chosen:
            field.initial, field.empty_label = chosen.pk, None
        asked = str(self.data.get("department", "")) if self.is_bound else ""
        known = {str(department.pk): department for department in departments}
        self.offer_officers(known.get(asked, chosen))


def _is_handle_address(platform: str, url: str) -> bool:
    try:
        URLValidator(schemes=["https"])(url)
    except forms.ValidationError:
        return False
    return links_to(platform, url)


class DepartmentForm(forms.Form):
    name_hi = LineField(label=_("Name in Hindi"), longest=250, stored=250, language="hi")
    name_en = LineField(label=_("Name in English"), longest=250, stored=250, language="en")
    kind = forms.ChoiceField(label=_("Kind"), choices=DepartmentKind.choices)
    parent = NamedField(
        Department.objects.none(), label=_("Under"), required=False, empty_label=_("None")
    )
    website = forms.URLField(
        label=_("Website"), required=False, max_length=200, assume_scheme="https"
    )
    source = LinesField(
        label=_("Source"),
        longest=1000,
        required=False,
        help_text=_("Where these details were seen, for example an order or an official page."),
    )
    is_confirmed = forms.BooleanField(label=_("Seen in an official source"), required=False)

    def __init__(self, *args: Any, department: Department, **options: Any) -> None:
        super().__init__(*args, **options)
        parent = self.fields["parent"]
        assert isinstance(parent, forms.ModelChoiceField)
        parent.queryset = Department.objects.exclude(pk=department.pk)
        self.initial = {name: getattr(department, name) for name in self.fields}
        self.initial["parent"] = department.parent_id


class ChargeForm(forms.Form):
    """A role in a department from a day on."""

    department = NamedField(Department.objects.all(), label=_("Department"))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("Choose")), *Role.choices],
        help_text=_("Roles above head of department are held in the Information Directorate."),
    )
    from_date = DayField(
        label=_("From"), required=False, help_text=_("DD-MM-YYYY; empty means today.")
    )
    to_date = DayField(
        label=_("Until"), required=False, help_text=_("DD-MM-YYYY; empty means until relieved.")
    )


class InvitationForm(forms.Form):
    name = LineField(label=_("Name"), longest=150, stored=150)
    email = forms.EmailField(
        label=_("Official e-mail"),
        max_length=254,
        help_text=_("The invitation goes to this address. It is also the name for signing in."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    department = NamedField(Department.objects.all(), label=_("Department"))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[("", _("Choose")), *Role.choices],
        help_text=_("Roles above head of department are held in the Information Directorate."),
    )


class ReliefForm(forms.Form):
    last_day = DayField(
        label=_("Last day"),
        required=False,
        help_text=_("DD-MM-YYYY; left empty, today is the last day."),
    )
