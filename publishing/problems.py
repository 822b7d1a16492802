"""What problem codes mean, in words an officer can act on.

`level` and `code` come from connectors (connectors/errors.py, Problem) and from deliveries; the
sentence says what is wrong and what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext_lazy as _

PROBLEMS = {
    # --- what a check finds before anything is sent ---------------------------------------------
    "text_missing": _("There is no text. Write what should be published."),
    "text_too_long_characters": _(
        "The text has %(length)s characters and may have %(limit)s. Shorten it by %(over)s."
    ),
    "text_too_long_weighted": _(
        "The text counts %(length)s on X and may count %(limit)s. Shorten it by %(over)s."
    ),
    "text_too_long_bytes": _(
        "The description takes %(length)s bytes and may take %(limit)s; a Hindi letter takes three."
        " Shorten it by %(over)s bytes."
    ),
    "title_missing": _("There is no title. Give the video a title."),
    "title_too_long": _(
        "The title has %(length)s characters and may have %(limit)s. Shorten it by %(over)s."
    ),
    "angle_brackets": _("The signs < and > are not accepted here. Remove them."),
    "characters_not_allowed": _(
        "The text contains an invisible character that is not accepted. Type that part again."
    ),
    "tags_too_long": _(
        "The tags take %(length)s characters together and may take %(limit)s. Remove some tags."
    ),
    "too_many_hashtags": _("There are %(count)s hashtags; %(limit)s are accepted. Remove some."),
    "too_many_mentions": _("There are %(count)s mentions; %(limit)s are accepted. Remove some."),
    "too_many_attachments": _(
        "%(count)s files are attached; %(limit)s can be published. Remove the others."
    ),
    "photos_left_out": _(
        "%(count)s photos are chosen; this platform shows the first %(limit)s of them."
    ),
    "video_left_out": _("This platform does not show the video; the text goes without it."),
    "photo_missing": _("A photo is needed here. Add one."),
    "photo_format": _("A photo of the type %(format)s is not accepted. Use a JPEG photo."),
    "photo_too_large": _(
        "The photo has %(size)s MB and may have %(limit)s MB. Use a smaller copy."
    ),
    "photo_too_narrow": _(
        "The photo is %(width)s pixels wide and must be at least %(limit)s. Use a larger photo."
    ),
    "photo_shape": _(
        "The photo is too tall or too wide here. Crop it to between 4:5 upright and 1.91:1 across."
    ),
    "alt_missing": _("The photo is not described. Say in a sentence what it shows."),
    "alt_too_long": _("The description of the photo may have %(limit)s characters. Shorten it."),
    "video_missing": _("A video is needed here. Add one."),
    "video_not_possible": _("A video cannot be published here yet. Use a photo instead."),
    "video_format": _("A video of the type %(format)s is not accepted. Use an MP4 video."),
    "video_too_large": _("The video is too large. Use a smaller copy."),
    "video_too_long": _("The video is too long: %(limit)s seconds are accepted. Shorten it."),
    "video_too_short": _(
        "The video is too short: at least %(limit)s seconds are needed. Use a longer one."
    ),
    "video_codec": _(
        "The video is encoded as %(format)s, which is not accepted. Use an MP4 video with H.264."
    ),
    "video_shape": _("The video is too tall or too wide here. Crop it."),
    "video_not_alone": _("A video is published alone here. Remove the other files."),
    "part_too_long_weighted": _(
        "Part %(part)s of the thread is too long for X. Shorten it by %(over)s, or divide it."
    ),
    "too_many_parts": _(
        "The thread has %(count)s parts; %(limit)s are accepted. Shorten the text."
    ),
    "parts_alike": _("Two parts of the thread are the same, which X refuses. Change one of them."),
    "too_many_cashtags": _(
        "There is more than one share symbol such as $ABC. Our plan on X allows one in a post."
    ),
    "hindi_in_link": _(
        "A link contains Hindi letters, so X cuts it off there. Use the link as the browser"
        " copies it."
    ),
    "nukta_counts_double": _("Some dotted letters count as two characters on X."),
    "x_link_price": _("A post with a link is dear on X: this one costs about $%(price)s."),
    "animation_not_alone": _("A moving picture is published alone here. Remove the other files."),
    "animation_too_large": _("The moving picture is too large here. Use a smaller or shorter one."),
    "video_fps": _(
        "The video has too many frames a second; %(limit)s are accepted. Use a smaller copy."
    ),
    "video_pixels": _(
        "The video is larger than %(longer)s × %(shorter)s pixels. Use a smaller copy."
    ),
    "media_being_prepared": _(
        "A copy that fits this platform is being made: %(progress)s %%. Approval can be asked for"
        " when it is ready."
    ),
    "media_retired": _(
        "The library says that this file is no longer to be used. Choose another one."
    ),
    "media_cannot_shrink": _(
        "The file cannot be made small enough for this platform. Use a shorter or simpler one."
    ),
    "media_unreadable": _(
        "No copy can be made of this file. Save it anew with another program and add it again."
    ),
    "media_too_hard": _(
        "Making a copy of this file failed several times. Save it anew with another program and add"
        " it again."
    ),
    "files_lost": _(
        "These files were chosen but not stored, so they have to be chosen again: %(names)s."
    ),
    "captions_missing": _(
        "The video has no captions, so people who cannot hear it are left out. Add a caption file."
    ),
    "video_needs_verified_channel": _(
        "The video is longer than 15 minutes. That is possible only if the channel is"
        " verified with a telephone number."
    ),
    "becomes_short": _(
        "An upright or square video of up to 3 minutes appears among YouTube's Shorts."
    ),
    "choice_not_possible": _("One of the choices for this platform does not exist. Choose again."),
    "playlist_not_valid": _(
        "This is not the id of a playlist. Copy it from the playlist's address, after list=."
    ),
    "links_not_clickable": _(
        "Links cannot be tapped in this caption. Say in words where people find more."
    ),
    # --- what a platform refuses ----------------------------------------------------------------
    "refused": _(
        "The platform refused the post and repeating it will not help. See its answer below, and"
        " ask the administrator if it is not clear."
    ),
    "content_refused": _("The platform refused the content. Change the post and submit it again."),
    "text_refused": _("The platform refused the text. Change it and submit the post again."),
    "text_refused_length": _(
        "The platform says that the text is too long. Shorten it and submit the post again."
    ),
    "title_refused": _("The platform refused the title. Change it and submit the post again."),
    "tags_refused": _("The platform refused the tags. Change them and submit the post again."),
    "link_refused": _(
        "The platform refused a link in the text. Check that it opens, or leave it out."
    ),
    "link_unreadable": _(
        "The platform could not open the link in the text. Check that everybody can open it, or"
        " leave it out."
    ),
    "x_reply_rule": _(
        "X takes an answer only where the person named the handle or wrote under its own post."
    ),
    "comment_gone": _("What was to be answered is no longer on the platform."),
    "window_closed": _(
        "The time in which this person may be answered freely ended on %(until)s. Use a template,"
        " or answer where everybody can read it."
    ),
    "window_closes_soon": _("Answer soon: this person may be answered until %(until)s."),
    "window_open_until": _("This person may be answered until %(until)s."),
    "post_gone": _("The platform no longer shows this post."),
    "photo_refused": _("The platform refused the photo. Use another photo and submit again."),
    "video_refused": _("The platform refused the video. Use another video and submit again."),
    "captions_refused": _(
        "The platform refused the subtitles. Check their file and submit the post again."
    ),
    "thread_incomplete": _(
        "Only the first parts of the thread are out: the next one did not succeed. See the attempts"
        " below; try again once the cause is gone, or take the thread down."
    ),
    "reply_not_allowed": _(
        "X accepts a reply here only if the author mentioned this handle. Reply by hand on X."
    ),
    "action_not_permitted": _(
        "The platform does not allow this account to do this: the text or video may be longer"
        " than the account may publish, or our plan there does not include it. See its answer"
        " below."
    ),
    "category_refused": _(
        "The platform refused the category. Choose another one and submit the post again."
    ),
    "privacy_refused": _(
        "The platform does not let this channel choose who may see the video. Change that"
        " choice and submit again."
    ),
    "playlist_refused": _(
        "The platform does not find the playlist in this channel. Choose another one."
    ),
    "list_changed": _("The list changed while it was read. The portal reads it from the start."),
    "video_not_converted": _(
        "YouTube could not convert the video. Save it as MP4 with H.264 and AAC, then submit again."
    ),
    "video_damaged": _(
        "YouTube finds the video file damaged or empty. Use another copy and submit again."
    ),
    "video_copyright": _(
        "YouTube rejected the video because of somebody else's rights in it. Remove that"
        " music or picture and submit again."
    ),
    "video_duplicate": _(
        "YouTube rejected the video because the channel has the same one already. Look at the"
        " channel's page."
    ),
    "video_against_rules": _(
        "YouTube rejected the video as against its rules. Read YouTube's message in its"
        " Studio before anything else."
    ),
    "video_length_refused": _(
        "YouTube rejected the video because it is too long for this channel. Shorten it, or"
        " have the channel verified."
    ),
    "thumbnail_left_out": _(
        "The video is out, but YouTube did not take its cover picture. Channels must be"
        " verified for one; set it in YouTube's Studio."
    ),
    "captions_left_out": _(
        "The video is out, but YouTube did not take its captions. Add them in YouTube's Studio."
    ),
    "playlist_left_out": _(
        "The video is out, but it could not be added to the playlist. Add it in YouTube's Studio."
    ),
    "steps_left_out": _(
        "The video is out, but YouTube did not take several things that belong to it. Check"
        " its cover picture, captions and playlist in YouTube's Studio."
    ),
    "already_published": _(
        "The platform says that the same post is there already. Look at the handle's page before"
        " doing anything else."
    ),
    # --- the handle -----------------------------------------------------------------------------
    "reconnect": _(
        "The platform no longer accepts this handle's connection. Connect the handle again,"
        " then try again here."
    ),
    "permission_missing": _(
        "The connection lacks a permission to publish. Connect the handle again and allow"
        " everything that is asked for."
    ),
    "app_not_allowed": _(
        "The platform does not accept the portal's own registration for this. The administrator"
        " has to look at the app in the platform's developer console."
    ),
    "app_not_ready": _(
        "The platform does not let the portal do this yet. The administrator has to complete"
        " the portal's registration there."
    ),
    "account_taken": _(
        "This account is already connected to another handle of the portal. That handle has to be"
        " closed before this one can have the account."
    ),
    "lacks_publishing": _(
        "The permission to publish was not given. Connect again and leave every permission ticked."
    ),
    "lacks_reading": _(
        "The permission to see the account was not given. Connect again and leave every permission"
        " ticked."
    ),
    "lacks_lasting_access": _(
        "The permission to stay connected was not given, so the connection would end within hours."
        " Connect again and leave every permission ticked."
    ),
    "lacks_page_task": _(
        "The person who gave the permission may not write on this Page. Whoever manages the Page"
        " has to allow it there, or give the permission."
    ),
    "consent_not_taken": _(
        "The platform did not accept its own permission any more: it holds for a short time and"
        " once. Begin again."
    ),
    "token_refused": _(
        "The platform does not accept this token. Copy it whole, or make a new one."
    ),
    "token_of_another_app": _(
        "This token was made for another app. Make one for the app of this portal."
    ),
    "whatsapp_number_not_there": _(
        "The business account has no number with this ID. Check both IDs in its settings."
    ),
    "held_up": _(
        "The server was held up before it could send. Nothing was sent; the portal will try again"
        " by itself."
    ),
    "renewing": _("The connection is just being renewed. The portal will try again by itself."),
    "access_ends_before": _(
        "The connection of %(handle)s ends before the post is to leave. Connect the handle again,"
        " or choose an earlier time."
    ),
    "without_comments": _("Without a permission: comments cannot be read or answered here."),
    "without_messages": _("Without a permission: private messages cannot be read here."),
    "without_numbers": _("Without a permission: views and other numbers cannot be read here."),
    "without_callbacks": _("Without a permission: the platform sends no news to the portal."),
    "without_portfolio": _(
        "Without a permission: accounts that belong to a business portfolio are not shown."
    ),
    "without_templates": _("Without a permission: message templates cannot be read here."),
    "account_not_found": _(
        "The platform does not find this account. Check the handle, or connect it again."
    ),
    "account_restricted": _(
        "The platform has restricted this account. Sign in on the platform itself, follow what it"
        " asks for, then connect the handle again."
    ),
    "credits_used_up": _(
        "The paid allowance on this platform is used up. The administrator has to top it up."
    ),
    "payment_problem": _(
        "The platform reports a payment problem. The administrator has to settle it there."
    ),
    "whatsapp_group_missing": _(
        "The WhatsApp group is not known. Enter the group of this handle again."
    ),
    "whatsapp_group_empty": _(
        "Nobody has joined the WhatsApp group yet. Send out its invitation link first."
    ),
    "whatsapp_window_closed": _(
        "Nobody wrote in this WhatsApp group in the last 24 hours, so only an approved template"
        " can be sent. Wait for a message, or use another handle."
    ),
    "whatsapp_test_number": _(
        "The number of this handle is a test number and may write to listed people only. The"
        " administrator has to register a real number."
    ),
    # --- templates and single people ------------------------------------------------------------
    "template_unusable": _(
        "The template is not approved by the platform (any more). Choose another template, or read"
        " the templates of the handle again."
    ),
    "template_paused": _(
        "The platform has paused this template because people complained or did not read it."
        " Nothing more is sent with it. Choose another template."
    ),
    "template_values": _(
        "The values do not fit the template. Read the templates of the handle again and choose it"
        " anew."
    ),
    "template_value_missing": _(
        "The template needs values that the post does not have: %(names)s. Write them, or choose"
        " another template."
    ),
    "template_too_long": _("The text is too long for the template. Shorten it."),
    "template_without_file": _("This template shows no photo or video, so the file is left out."),
    "template_syncing": _(
        "The platform is still preparing the template. The portal will try again by itself."
    ),
    "recipient_unreachable": _(
        "This number cannot be reached on WhatsApp, so nothing more is sent to it."
    ),
    "recipient_unreadable": _(
        "The number cannot be read with today's keys. The administrator has to look into it."
    ),
    "recipient_country": _("The platform does not deliver to numbers of this country."),
    "recipient_is_sender": _("The number of the handle itself is on the list. Take it out."),
    "recipient_left_out": _(
        "The platform leaves this person out of such messages for a while; nothing was sent."
    ),
    "marketing_cap": _(
        "The platform lets this person have no more such messages today. The portal will try again"
        " after 24 hours."
    ),
    "pair_rate": _(
        "This person got several messages in a short time. The portal will try again by itself."
    ),
    "register_again_later": _(
        "The number was registered too often. The platform accepts it again after three days."
    ),
    # --- for a while ----------------------------------------------------------------------------
    "not_sent": _("The post was not sent. The portal will try again by itself."),
    "rate_limited": _(
        "The platform accepts no more calls for a while. The portal will try again by itself."
    ),
    "daily_limit": _(
        "This account has published as much as the platform allows in a day. The portal will try"
        " again when the limit ends."
    ),
    "app_limit": _(
        "All channels together have used up what YouTube allows the portal in a day. The"
        " portal will try again after midnight in California."
    ),
    "unavailable": _("The platform cannot be used just now. The portal will try again by itself."),
    "unreachable": _("The platform could not be reached. The portal will try again by itself."),
    "timed_out": _("The platform took too long to answer. The portal will try again by itself."),
    "connection_cut": _("The connection broke off. The portal will try again by itself."),
    "platform_failing": _("The platform has a fault. The portal will try again by itself."),
    "unreadable_answer": _(
        "The platform's answer could not be understood. The portal will try again by itself."
    ),
    "answer_too_large": _(
        "The platform's answer was far too large. The portal will try again by itself."
    ),
    "redirected": _(
        "The platform's address leads elsewhere. The portal will try again; if this stays, the"
        " administrator has to check the address."
    ),
    "foreign_address": _(
        "The platform named an upload address that is not its own, so nothing was sent there. The"
        " administrator has to look into this."
    ),
    "media_unreachable": _(
        "The platform could not fetch the photo from this portal. The portal will try again; if"
        " this stays, the administrator has to check the address of the media."
    ),
    "media_processing_failed": _(
        "The platform could not process the file. The portal will upload it again by itself."
    ),
    "container_missing": _(
        "The platform does not show the prepared file yet. The portal will look again by itself."
    ),
    "still_processing": _(
        "The platform is still processing the file. The portal will look again by itself."
    ),
    # --- not clear ------------------------------------------------------------------------------
    "unknown_outcome": _(
        "The platform did not say whether the post is out. The portal is reading the handle's page"
        " to find out; please do not post it by hand meanwhile."
    ),
    "several_matches": _(
        "More than one post like this is on the handle's page. Look at the page and say which one"
        " is ours."
    ),
    "worker_lost": _(
        "The portal was interrupted while publishing. It is finding out by itself what happened."
    ),
    "needs_decision": _(
        "Nobody but a person can tell whether the post is out. Look at the handle's page, then say"
        " here what you see."
    ),
    "decided_not_out": _("An officer looked and found that the post is not there."),
    # --- by hand --------------------------------------------------------------------------------
    "assisted": _(
        "This is posted by hand: copy the text and files, post them on the platform, then give the"
        " link here as proof."
    ),
    "not_posted_by_hand": _("An officer could not post it by hand."),
    "corrected_in_place": _(
        "Open the post on the platform and put this text in place of the old one. Where that cannot"
        " be done, post the correction as an answer to it."
    ),
    "corrected_by_new_message": _(
        "As long as WhatsApp allows it, delete the old message for everyone and post this text"
        " anew. Later, post this text as a reply to the old message."
    ),
    "link_of_channel_or_group": _(
        "In a channel, copy the link of the post itself. A message in a group has no link: give the"
        " invite link of the group."
    ),
    # --- held back by the portal itself ---------------------------------------------------------
    "withdrawn": _("The post was withdrawn before it left."),
    "stale": _(
        "It could not be published when it was due, and that was long ago. Decide whether it is"
        " still right; then have it published all the same."
    ),
    "stopped": _("Publishing is stopped. It goes out when the stop is released."),
    "too_late": _("The time until which the post was useful has passed, so it was not published."),
    "opted_out": _("This person no longer wants to be written to, so nothing was sent."),
    "no_longer_there": _("The post that this was about is no longer there."),
    "original_not_out": _(
        "The post that this handle was to repost is not out. Settle that one first, then try again"
        " here."
    ),
    "handle_not_connected": _(
        "The handle was not connected when the post was to leave. Connect it, then try again."
    ),
    "account_changed": _(
        "The handle was linked to another account after this was approved, so nothing was sent"
        " there. Withdraw the post and have it approved anew; what is out on the account before is"
        " changed by hand."
    ),
    "seal_broken": _(
        "The content is no longer what was approved, so nothing was sent. Withdraw the post and"
        " have it approved again; the administrator has to find out who changed it."
    ),
    "unexpected": _(
        "Something happened that the portal does not know. The administrator has to look into it."
    ),
}


# Numbers of a post: our names in settings.METRICS.
NUMBERS = {
    "views": _("Views"),
    "reach": _("Reach"),
    "clicks": _("Clicks"),
    "likes": _("Likes"),
    "comments": _("Comments"),
    "shares": _("Shares"),
    "saves": _("Saves"),
}

# What a platform limits: codes of connectors.base.Limit.
LIMITS: dict[str, Any] = {
    "instagram_posts_day": _("Instagram: posts of a handle in 24 hours"),
    "x_posts_quarter_hour": _("X: posts of a handle in 15 minutes"),
    "x_posts_day": _("X: posts of all handles in a day"),
    "youtube_uploads": _("YouTube: videos of all channels in a day"),
    "youtube_units": _("YouTube: videos with captions of all channels in a day, by its units"),
    "whatsapp_people_day": _("WhatsApp: people written to in 24 hours"),
}

# What may be chosen for one platform: keys and values of connectors.base.Option.
OPTIONS: dict[str, Any] = {
    "template": _("Approved template"),
    "privacy": _("Who may see the video"),
    "privacy:public": _("Everyone"),
    "privacy:unlisted": _("Everyone who has the link"),
    "privacy:private": _("Only the channel itself"),
    "category": _("Category"),
    "category:22": _("People and blogs"),
    "category:25": _("News and politics"),
    "category:27": _("Education"),
    "category:28": _("Science and technology"),
    "category:29": _("Non-profit work and activism"),
    "made_for_kids": _("Made for children (there are no comments then)"),
    "synthetic": _("Shows altered or computer-made scenes that look real"),
    "notify": _("Tell the channel's subscribers"),
    "playlist": _("Playlist: its id, at the end of its address on YouTube"),
    "made_for_kids:yes": _("Yes"),
    "made_for_kids:no": _("No"),
    "synthetic:yes": _("Yes"),
    "synthetic:no": _("No"),
    "notify:yes": _("Yes"),
    "notify:no": _("No"),
}


# What an officer types to link an account: label, and where it is found.
ASKED: dict[str, tuple[Any, Any]] = {
    "business": (
        _("Business account ID"),
        _("Of the WhatsApp business account: digits, in the business settings at Meta."),
    ),
    "number": (
        _("Phone number ID"),
        _("Not the number itself: the digits beside it in the settings of the number."),
    ),
    "token": (
        _("Token of the system user"),
        _("Made for this portal's app, with both WhatsApp permissions, best without an end."),
    ),
    "group": (
        _("Group ID"),
        _("Only if the account has groups by the API: the group to which posts go."),
    ),
}

UNITS = {
    "characters": _("characters"),
    "weighted": _("by X's count"),
    "bytes": _("bytes"),
}


def option_label(key: str, value: str = "") -> str:
    """An option of a platform, or one of its values; a name of the platform's stays as it is."""
    code = f"{key}:{value}" if value else key
    return str(OPTIONS.get(code, value or key))


def label(code: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence for a code, in the reader's language."""
    sentence = str(PROBLEMS.get(code, PROBLEMS["unexpected"]))
    try:
        return sentence % {name: _written(value) for name, value in (values or {}).items()}
    except (KeyError, TypeError, ValueError):
        return str(PROBLEMS["unexpected"])


def counted(numbers: Mapping[str, int]) -> str:
    """Several problems, each with how often it was there."""
    return "; ".join(f"{label(code)} ({_written(count)})" for code, count in numbers.items())


def _written(value: Any) -> str:
    """Numbers grouped as lakh and crore (N4), moments in Indian time (N2)."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "j F Y, H:i")
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)
