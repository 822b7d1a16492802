"""Words people use for the same thing, in Hindi, English and Roman Hindi (H11)."""

from __future__ import annotations

from .fold import words

# One line, one meaning. Several words in one entry are a phrase; everything else is one word.
_MEANINGS = (
    ("पेंशन", "pension", "penshan"),
    ("छात्रवृत्ति", "वजीफा", "scholarship", "vazifa", "wazifa", "stipend"),
    ("किसान", "कृषक", "farmer", "kisan", "krishak"),
    ("खेती", "कृषि", "agriculture", "farming", "kheti"),
    ("फसल", "crop", "fasal"),
    ("बीमा", "insurance", "bima"),
    ("विवाह", "शादी", "marriage", "wedding", "vivah", "shadi"),
    ("सामूहिक", "mass", "group wedding"),
    ("विधवा", "widow", "vidhwa", "vidhva", "निराश्रित महिला", "destitute woman"),
    ("निराश्रित", "destitute"),  # of cattle too, so no widow
    ("महिला", "स्त्री", "नारी", "woman", "women", "lady", "mahila"),
    (
        *("वृद्धावस्था", "वृद्ध", "वृद्धा", "बुजुर्ग", "वृद्धजन", "बुढ़ापा", "बुढ़ापे", "बूढ़ा", "बूढ़े"),
        *(
            "elderly",
            "oldage",
            "old age",
            "senior citizen",
            "budhapa",
            "budhape",
            "buzurg",
            "vriddh",
        ),
    ),
    ("दिव्यांग", "दिव्यांगजन", "विकलांग", "disabled", "disability", "handicapped", "viklang"),
    ("आवास", "मकान", "घर", "house", "housing", "home", "makan", "ghar"),
    ("बेटी", "कन्या", "बालिका", "लड़की", "girl", "daughter", "beti", "ladki"),
    ("बच्चा", "बाल", "शिशु", "बच्चे", "child", "children", "bachcha"),
    ("मातृत्व", "मातृ", "प्रसव", "गर्भवती", "जननी", "maternity", "pregnant", "pregnancy", "mother"),
    ("श्रमिक", "मजदूर", "कामगार", "labour", "labor", "labourer", "worker", "majdoor", "mazdoor"),
    ("रोजगार", "नौकरी", "employment", "job", "naukri"),
    ("स्वरोजगार", "self employment", "selfemployment"),
    ("व्यवसाय", "कारोबार", "उद्यम", "business", "enterprise", "startup"),
    ("ऋण", "लोन", "कर्ज", "loan", "credit", "karz", "karj"),
    ("अनुदान", "सब्सिडी", "subsidy", "grant"),
    ("सहायता", "मदद", "help", "aid", "assistance", "madad"),
    ("शिक्षा", "पढ़ाई", "education", "study", "padhai"),
    ("विद्यालय", "स्कूल", "school"),
    ("छात्र", "विद्यार्थी", "student"),
    ("स्वास्थ्य", "आरोग्य", "health", "swasthya"),
    ("इलाज", "उपचार", "चिकित्सा", "treatment", "medical", "ilaj"),
    ("बीमारी", "रोग", "illness", "disease", "bimari"),
    ("कुष्ठ", "कुष्ठावस्था", "leprosy"),
    ("टीबी", "क्षय", "निक्षय", "tb", "tuberculosis"),
    ("शौचालय", "toilet", "latrine"),
    ("बिजली", "विद्युत", "electricity", "power", "light"),
    ("बिल", "bill"),
    ("सौर", "सोलर", "solar"),
    ("गैस", "सिलेंडर", "रसोई", "gas", "cylinder", "lpg"),
    ("राशन", "खाद्यान्न", "अन्न", "ration", "foodgrain", "food"),
    ("मछली", "मत्स्य", "मछुआ", "fish", "fishery", "fisherman", "machhli"),
    ("गाय", "गौ", "गोवंश", "cow", "cattle", "gaay"),
    ("डेयरी", "दूध", "दुग्ध", "dairy", "milk"),
    ("सिंचाई", "irrigation", "sinchai"),
    ("बोरिंग", "नलकूप", "boring", "borewell", "tubewell"),
    ("तालाब", "pond", "talab"),
    ("कौशल", "हुनर", "प्रशिक्षण", "skill", "training"),
    ("अप्रेंटिस", "शिक्षुता", "apprenticeship", "apprentice"),
    ("खेल", "क्रीड़ा", "खिलाड़ी", "sport", "sportsperson", "player"),
    ("अल्पसंख्यक", "minority"),
    ("पिछड़ा", "ओबीसी", "obc", "backward"),
    ("अनुसूचित", "sc", "scheduled"),
    ("जनजाति", "st", "tribe", "tribal"),
    ("सामान्य", "general"),
    ("दुर्घटना", "accident", "durghatna"),
    ("मृत्यु", "मृतक", "death", "maut"),
    ("अन्त्येष्टि", "अंतिम संस्कार", "funeral", "cremation"),
    ("अनाथ", "orphan"),
    ("कोविड", "कोरोना", "covid", "corona"),
    ("गरीब", "निर्धन", "poor", "bpl", "garib"),
    ("पुरस्कार", "इनाम", "award", "prize", "inam"),
    ("कारीगर", "शिल्पी", "artisan", "craftsman", "karigar"),
    ("कुम्हार", "माटीकला", "potter", "pottery", "kumhar"),
    ("मुफ्त", "निःशुल्क", "free", "muft"),
    ("ग्रामीण", "गांव", "rural", "village", "gramin", "gaon"),
    ("शहरी", "नगरीय", "urban", "city", "shahri"),
    ("खाता", "account", "khata"),
    ("बैंक", "बैंकिंग", "bank", "banking"),
    ("नाव", "बोट", "boat", "nav"),
    ("टैबलेट", "स्मार्टफोन", "tablet", "smartphone", "laptop", "mobile"),
    ("कोचिंग", "coaching"),
    ("मध्याह्न", "mid day", "midday"),
    ("भोजन", "meal", "food"),
    ("युवा", "youth", "yuva"),
    ("तीर्थ", "pilgrimage"),
    ("पम्प", "पंप", "pump"),
    ("प्रधानमंत्री", "पीएम", "pm", "pradhan mantri", "pradhanmantri"),
    ("मुख्यमंत्री", "सीएम", "cm", "mukhya mantri", "mukhyamantri"),
    ("योजना", "scheme", "yojana", "yojna"),
    ("मनरेगा", "नरेगा", "mgnrega", "mnrega", "nrega", "manrega"),
    ("आयुष्मान", "ayushman"),
    ("रेहड़ी", "पटरी", "ठेला", "street vendor", "vendor", "hawker", "स्वनिधि"),
)


def _tables() -> tuple[dict[str, frozenset[str]], dict[tuple[str, ...], frozenset[str]]]:
    single: dict[str, set[str]] = {}
    phrases: dict[tuple[str, ...], set[str]] = {}
    for entries in _MEANINGS:
        folded = [tuple(words(entry)) for entry in entries]
        alone = {entry[0] for entry in folded if len(entry) == 1}
        for entry in folded:
            if len(entry) == 1:
                single.setdefault(entry[0], set()).update(alone - {entry[0]})
            else:
                phrases.setdefault(entry, set()).update(alone)
    return (
        {word: frozenset(others) for word, others in single.items()},
        {phrase: frozenset(others) for phrase, others in phrases.items()},
    )


SYNONYMS, PHRASES = _tables()
LONGEST_PHRASE = max(len(phrase) for phrase in PHRASES)
