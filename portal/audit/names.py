"""Every action that is audited, with its label, and the words for what its entries say.

An action without a label is refused.
"""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "departments.user.invited": _("Officer invited"),
    "departments.member.appointed": _("Charge given"),
    "departments.member.relieved": _("Charge ended"),
    "departments.department.changed": _("Department changed"),
    "departments.handle.registered": _("Handle registered"),
    "departments.handle.changed": _("Handle changed"),
    "departments.handle.connected": _("Handle connected"),
    "departments.handle.by_hand": _("Handle set to be published by hand"),
    "departments.handle.end_announced": _("End of a handle's access announced"),
    "departments.handle.needs_attention": _("Handle needs attention"),
    "departments.handle.disconnected": _("Handle disconnected"),
    "departments.handle.closed": _("Handle closed"),
    "schemes.scheme.created": _("Scheme created"),
    "schemes.scheme.changed": _("Scheme changed"),
    "schemes.scheme.published": _("Scheme shown to the public"),
    "schemes.scheme.hidden": _("Scheme hidden from the public"),
    "schemes.scheme.imported": _("Schemes imported"),
    "schemes.change.proposed": _("Change to a public scheme written"),
    "schemes.change.confirmed": _("Change to a public scheme confirmed"),
    "schemes.change.declined": _("Change to a public scheme declined"),
    "schemes.progress.recorded": _("Progress recorded"),
    "schemes.progress.confirmed": _("Progress confirmed"),
    "schemes.progress.removed": _("Unconfirmed progress removed"),
    "schemes.post.created": _("Post written"),
    "schemes.post.changed": _("Post changed"),
    "schemes.post.correction_begun": _("Correction of a published post begun"),
    "schemes.post.submitted": _("Post submitted"),
    "schemes.post.recommended": _("Post approved at this step"),
    "schemes.post.approved": _("Post finally approved and sealed"),
    "schemes.post.returned": _("Post returned"),
    "schemes.post.reopened": _("Post taken up again"),
    "schemes.post.withdrawn": _("Post withdrawn"),
    "schemes.post.released": _("Post released"),
    "publishing.media.added": _("Photo or video added"),
    "publishing.media.rights_changed": _("Rights in a photo or video stated"),
    "publishing.media.retired": _("Photo or video no longer to be used"),
    "publishing.media.restored": _("Photo or video to be used again"),
    "publishing.captions.added": _("Captions added to a video"),
    "publishing.subscriber.added": _("Person who agreed added"),
    "publishing.subscriber.imported": _("People who agreed added from a file"),
    "publishing.subscriber.left": _("Person no longer written to"),
    "publishing.subscriber.returned": _("Person wants messages again"),
    "publishing.message.queued": _("Message queued for publishing"),
    "publishing.message.requeued": _("Refused deliveries queued again by an officer"),
    "publishing.message.removal_asked": _("Take-down asked for"),
    "publishing.message.cancelled": _("Message cancelled"),
    "publishing.stop.pressed": _("Publishing stopped"),
    "publishing.stop.freeze_set": _("Freeze of publishing set"),
    "publishing.stop.released": _("Stop released"),
    "publishing.exemption.asked": _("Exemption from a freeze asked for"),
    "publishing.exemption.confirmed": _("Exemption from a freeze confirmed"),
    "publishing.delivery.assisted": _("Left to an officer to post by hand"),
    "publishing.delivery.sent": _("Published"),
    "publishing.delivery.edited": _("Corrected on the platform"),
    "publishing.delivery.removed": _("Taken down from the platform"),
    "publishing.delivery.removal_asked": _("Take-down asked for"),
    "publishing.delivery.failed": _("Not published"),
    "publishing.delivery.expired": _("Not published: too late"),
    "publishing.delivery.cancelled": _("Delivery cancelled"),
    "publishing.delivery.decided": _("Unclear delivery decided by an officer"),
    "publishing.delivery.requeued": _("Delivery queued again by an officer"),
}

# What an entry says besides the fields of its record that have a name of their own.
PARTICULARS = {
    "state": _("state"),
    "value": _("Value"),
    "from": _("From"),
    "to": _("Until"),
    "role": _("Role"),
    "reason": _("Reason"),
    "scope": _("Scope"),
    "platform": _("platform"),
    "topic": _("Scheme"),
    "message": _("Post"),
    "account": _("Account on the platform"),
    "days": _("Days left"),
    "comment": _("Comment"),
    "seal": _("Seal"),
    "sha256": _("Seal of the file"),
    "size": _("Size in bytes"),
    "handles": _("handles"),
    "handle_count": _("Number of handles"),
    "handle_keys": _("Handles by their numbers"),
    "handle": _("Handle"),
    "agreed_by": _("How they agreed"),
    "proof": _("Where the proof is"),
    "how": _("How they left"),
    "people": _("People added"),
    "problem": _("Problem"),
    "problems": _("Problems"),
    "deliveries": _("Deliveries"),
    "link": _("Link of the post"),
    "permalink": _("Link of the post"),
    "is_out": _("Is on the platform"),
    "tags": _("tags"),
    "indicator": _("Indicator"),
    "district": _("District"),
    "source": _("Source"),
    "file": _("File"),
    "here": _("In this department"),
    "whole_file": _("In the whole file"),
    "rows": _("Rows"),
    "created": _("Schemes added"),
    "changed": _("Schemes changed"),
    "unchanged": _("Schemes left as they were"),
    "refused": _("Rows refused"),
    "published": _("Schemes shown to the public"),
    "language": _("Language"),
    "corrects": _("Corrects post number"),
}
# Keys that stand for a field of another name.
FIELDS = {"from": "from_date", "to": "to_date"}
# What an old and a new value without a key are of, where it is not the state.
BARE = {"departments.member": "to"}
# Keys whose values are numbers or codes of records: the model, and the field that holds them.
REFERENCES = {
    "handles": ("departments.handle", "pk"),
    "handle": ("departments.handle", "pk"),
    "district": ("departments.district", "slug"),
    "districts": ("departments.district", "slug"),
    "categories": ("schemes.category", "slug"),
    "personas": ("schemes.persona", "slug"),
    "indicator": ("schemes.indicator", "name_en"),
}
SEALS = frozenset({"seal", "sha256"})
YEARS = frozenset({"launched"})
RICH = frozenset(
    f"{name}_{language}"
    for name in ("description", "benefits", "eligibility", "application")
    for language in ("hi", "en")
)
# What an empty list says. Nothing at all says nothing: it is not known.
NONE_OF = {"documents": _("No document is needed")}
