"""The roles of design.md section 1, and which of them belong to the Information Directorate."""

from django.db import models
from django.utils.translation import gettext_lazy as _

DIRECTORATE = "information-directorate"  # the slug of the coordinating department


class Role(models.TextChoices):
    NODAL_OFFICER = "nodal_officer", _("Nodal officer")
    DEPARTMENT_HEAD = "department_head", _("Head of department")
    DEPUTY_DIRECTOR = "deputy_director", _("Deputy Director, Information")
    JOINT_DIRECTOR = "joint_director", _("Joint Director, Information")
    DIRECTOR = "director", _("Director of Information")
    SECRETARY = "secretary", _("Additional Chief Secretary, Information")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


# These are held in the Directorate only, and see every department.
STATE_WIDE = frozenset(
    {
        Role.DEPUTY_DIRECTOR,
        Role.JOINT_DIRECTOR,
        Role.DIRECTOR,
        Role.SECRETARY,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
    }
)
