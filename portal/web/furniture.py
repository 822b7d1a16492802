"""The table of the portal's standing pages (F15, F20). Their text is in templates/pages/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language

WRITTEN = date(2026, 11, 24)


@dataclass(frozen=True)
class StandingPage:
    """`name` is the URL name and the template; `changed` is when its text last did (F14)."""

    name: str
    path: str
    title_hi: str
    title_en: str
    about_hi: str
    about_en: str
    changed: date = WRITTEN

    @property
    def title(self) -> str:
        return self.title_en if get_language() == "en" else self.title_hi

    @property
    def about(self) -> str:
        return self.about_en if get_language() == "en" else self.about_hi

    @property
    def is_policy(self) -> bool:
        return isinstance(self, Policy)


@dataclass(frozen=True)
class Policy(StandingPage):
    """Each names owner, version and day of approval; without a day it says that it waits (F20)."""

    version: str = "1.0"
    approved_on: date | None = None


_PAGES = (
    StandingPage(
        "about",
        "about/",
        "हमारे बारे में",
        "About us",
        "संवाद सेतु क्या है, इसे कौन चलाता है और यहाँ क्या मिलता है।",
        "What Samvad Setu is, who runs it and what you find here.",
    ),
    StandingPage(
        "contact",
        "contact/",
        "संपर्क",
        "Contact",
        "पोर्टल के अधिकारी, कार्यालय का पता और सहायता के नंबर।",
        "Officers of the portal, the office's address and helplines.",
    ),
    StandingPage(
        "help",
        "help/",
        "सहायता",
        "Help",
        "योजना कैसे खोजें, पोस्ट कैसे जाँचें और शिकायत कहाँ करें।",
        "How to find a scheme, check a post and where to complain.",
    ),
    StandingPage(
        "feedback",
        "feedback/",
        "सुझाव एवं प्रतिक्रिया",
        "Feedback",
        "पोर्टल पर गलती, अनुवाद की भूल या सुझाव कैसे बताएँ।",
        "How to report a mistake or a wrong translation, or make a suggestion.",
    ),
    StandingPage(
        "rti",
        "rti/",
        "सूचना का अधिकार",
        "Right to Information",
        "सूचना का अधिकार अधिनियम, 2005 के अंतर्गत आवेदन, अपील और स्वतः प्रकटन।",
        "Applications, appeals and disclosures under the Right to Information Act, 2005.",
    ),
    StandingPage(
        "accessibility",
        "accessibility/",
        "सुगम्यता विवरण",
        "Accessibility Statement",
        "पोर्टल किस मानक का पालन करता है, ज्ञात कमियाँ और कठिनाई बताने का तरीका।",
        "The standard the portal follows, known gaps and how to report a difficulty.",
    ),
    StandingPage(
        "screen_reader",
        "screen-reader/",
        "स्क्रीन रीडर की सुविधा",
        "Screen Reader Access",
        "स्क्रीन रीडर और कुंजीपटल से पोर्टल का उपयोग।",
        "Using the portal with a screen reader and a keyboard.",
    ),
    StandingPage(
        "archive",
        "archive/",
        "अभिलेखागार",
        "Archive",
        "जिन योजनाओं की अवधि बीत चुकी है, वे कहाँ और कैसे मिलती हैं।",
        "Where and how to find schemes whose validity has ended.",
    ),
    StandingPage(
        "policies",
        "policies/",
        "वेबसाइट नीतियाँ",
        "Website Policies",
        "पोर्टल की सभी नीतियाँ, उनके संस्करण और अनुमोदन की तारीख।",
        "All policies of the portal with their versions and days of approval.",
    ),
    Policy(
        "privacy",
        "policies/privacy/",
        "गोपनीयता नीति",
        "Privacy Policy",
        "आपकी कौन-सी जानकारी ली जाती है, क्यों, कब तक और आपके अधिकार।",
        "What is recorded about you, why, for how long, and your rights.",
    ),
    Policy(
        "terms",
        "policies/terms/",
        "उपयोग की शर्तें",
        "Terms of Use",
        "पोर्टल के उपयोग की शर्तें और सूचना की सीमा।",
        "Terms of using the portal and the limits of its information.",
    ),
    Policy(
        "copyright",
        "policies/copyright/",
        "प्रतिलिप्यधिकार नीति",
        "Copyright Policy",
        "पोर्टल की सामग्री का पुनः उपयोग कैसे किया जा सकता है।",
        "How the portal's material may be used again.",
    ),
    Policy(
        "hyperlinking",
        "policies/hyperlinking/",
        "हाइपरलिंक नीति",
        "Hyperlinking Policy",
        "अन्य वेबसाइटों के लिंक और इस पोर्टल से लिंक जोड़ने के नियम।",
        "Links to other websites and rules for linking to this portal.",
    ),
    Policy(
        "content",
        "policies/content/",
        "सामग्री योगदान, संयमन एवं अनुमोदन नीति",
        "Content Contribution, Moderation and Approval Policy",
        "सामग्री कौन लिखता है, कौन जाँचता है और कौन अनुमोदित करता है।",
        "Who writes, who checks and who approves what is published.",
    ),
    Policy(
        "archival",
        "policies/archival/",
        "सामग्री अभिलेखन नीति",
        "Content Archival Policy",
        "पुरानी सामग्री कब अभिलेखागार में जाती है और कब तक रहती है।",
        "When material moves to the archive and how long it is kept.",
    ),
    Policy(
        "review",
        "policies/review/",
        "सामग्री समीक्षा नीति",
        "Content Review Policy",
        "प्रत्येक सामग्री की समीक्षा कौन और कब करता है।",
        "Who reviews each kind of content, and how often.",
    ),
    Policy(
        "security",
        "policies/security/",
        "सुरक्षा नीति",
        "Security Policy",
        "पोर्टल की सुरक्षा का सार और कमी की सूचना देने का तरीका।",
        "A summary of how the portal is protected and how to report a weakness.",
    ),
    Policy(
        "monitoring",
        "policies/monitoring/",
        "वेबसाइट अनुश्रवण योजना",
        "Website Monitoring Plan",
        "पोर्टल की गुणवत्ता, गति और उपलब्धता पर निगरानी का सार।",
        "A summary of how quality, speed and availability are watched.",
    ),
    Policy(
        "contingency",
        "policies/contingency/",
        "आकस्मिकता प्रबंधन योजना",
        "Contingency Management Plan",
        "पोर्टल में बाधा, विरूपण या डेटा हानि होने पर क्या किया जाता है।",
        "What is done when the portal is down, defaced or loses data.",
    ),
    StandingPage(
        "sitemap",
        "sitemap/",
        "साइटमैप",
        "Sitemap",
        "पोर्टल के सभी पृष्ठ एक स्थान पर।",
        "All pages of the portal in one place.",
    ),
)
PAGES = {page.name: page for page in _PAGES}
POLICIES = tuple(page for page in _PAGES if isinstance(page, Policy))
OTHERS = tuple(page for page in _PAGES if not isinstance(page, Policy))
