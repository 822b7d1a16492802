"""What every installation shares. Differences live in local.py, test.py and production.py."""

import tomllib
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.Env()
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

INSTALLED_APPS = [
    "engagement",
    "schemes",
    "publishing",
    "departments",
    "portal.audit",
    "portal.web",
    "portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_ckeditor_5",
    "django_q",
]

MIDDLEWARE = [
    "portal.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.web.middleware.PermissionsPolicyMiddleware",
    "portal.web.middleware.ClearedCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.web.middleware.RememberedLanguageMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "departments.middleware.LastSeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.web.context.portal",
                "engagement.desk_nav.desk",
                "publishing.stop_notice.stops",
            ],
            "builtins": ["django.templatetags.i18n", "portal.web.templatetags.portal"],
        },
    }
]

# Widgets of ours and of the editor find their templates where pages do.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- database, cache, queue -------------------------------------------------------------------

if env("DATABASE_URL", default=""):
    DATABASES = {"default": env.db("DATABASE_URL")}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "portal.sqlite3",
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock when a transaction starts, so that two writers queue up
    # instead of failing half-way; WAL lets readers go on meanwhile.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env("REDIS_URL", default="")
if REDIS_URL:
    _redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that is gone is said to be gone (/readyz), and holds nobody up.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
    CACHES = {"default": _redis, "workers": _redis}
else:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        # The workers' sign of life, which the web processes read (/readyz).
        "workers": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": VAR_DIR / "workers",
        },
    }

# The queue only wakes workers: retrying belongs to the delivery row, so a task runs once
# (ack_failures, max_attempts) and `timeout` stays below `retry`, or django-q2 would run it again.
Q_CLUSTER = {
    "name": "portal",
    "workers": env.int("WORKERS", default=2),
    "timeout": 3600,  # a large video on a slow line; a lost worker's delivery is swept far sooner
    "retry": 3700,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 250,
    "poll": 0.5,
    "cache": "workers",
    "label": "Samvad Setu",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# --- people -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "departments.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique, by a constraint that ignores case
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_REDIRECT_URL = "desk:home"
LOGIN_URL = "account_login"

ACCOUNT_ADAPTER = "departments.sign_in.InvitedOnly"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the administrator vouches for the address
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/5m/key,20/5m/ip",  # K4
    # S10: problems reported by the form, and numbers or codes that did not fit.
    "problem_reported": "10/h/ip",
    "problem_guessed": "30/h/ip",
}
ACCOUNT_SESSION_REMEMBER = False
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=False)  # K2: on in production
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [  # K3
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SESSION_COOKIE_AGE = 10 * 60 * 60  # K5: at most ten hours
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "schemes.views.kept.csrf_failure"

# --- language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "hi"
LANGUAGES = [("hi", _("Hindi")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["portal.web.formats"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "Asia/Kolkata"  # what people see; the database keeps UTC (N2)

# --- files ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
# Where platforms that fetch a file themselves (Instagram) can reach this portal.
MEDIA_URL_BASE = env("MEDIA_URL_BASE", default="http://127.0.0.1:8000")
# With a bucket named, photos and videos lie in S3-compatible storage instead of MEDIA_ROOT. No ACL
# is sent: what is stored is private unless the bucket itself says otherwise.
S3_BUCKET = env("S3_BUCKET", default="")
_s3 = {
    "BACKEND": "publishing.storage.PrivateS3",
    "OPTIONS": {
        "bucket_name": S3_BUCKET,
        "endpoint_url": env("S3_ENDPOINT", default="") or None,
        "region_name": env("S3_REGION", default="") or None,
        "access_key": env("S3_ACCESS_KEY", default="") or None,
        "secret_key": env("S3_SECRET_KEY", default="") or None,
        "location": env("S3_PREFIX", default=""),
        "file_overwrite": False,
        "max_memory_size": 8 * 1024**2,  # what is larger waits on the disk while it is read
    },
}
_files = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
STORAGES = {
    "default": _s3 if S3_BUCKET else _files,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Files that all workers together prepare at the same time: the others stay free to publish.
MEDIA_AT_ONCE = env.int("MEDIA_AT_ONCE", default=1)
MEDIA_LARGEST = env.int("MEDIA_LARGEST", default=2 * 1024**3)  # bytes of a video in pieces
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

# --- answers ----------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {  # S2
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="samvad-setu@localhost")

# Who answers for the portal, and where: shapes in portal/web/officials.py (F16).
OFFICIALS = env.json("OFFICIALS", default={})
OFFICE = env.json("OFFICE", default={})

# --- editor of rich text ----------------------------------------------------------------------

# The bundle has far more than schemes/cleaning.py lets through: what is left is what is kept.
CKEDITOR_5_CONFIGS = {
    "scheme": {
        "licenseKey": "GPL",
        "language": "hi",
        "toolbar": {
            "items": [
                "heading",
                "bold",
                "italic",
                "bulletedList",
                "numberedList",
                "link",
                "insertTable",
                "undo",
                "redo",
            ],
            "shouldNotGroupWhenFull": True,
        },
        "heading": {
            "options": [
                {"model": "paragraph", "title": "Paragraph", "class": "ck-heading_paragraph"},
                {"model": "heading3", "view": "h3", "title": "Heading 3", "class": ""},
                {"model": "heading4", "view": "h4", "title": "Heading 4", "class": ""},
            ]
        },
        "link": {"defaultProtocol": "https://"},
        "table": {"contentToolbar": ["tableColumn", "tableRow", "mergeTableCells"]},
        "removePlugins": [
            *("Alignment", "Autosave", "BlockQuote", "CKFinderUploadAdapter", "Code", "CodeBlock"),
            *("FindAndReplace", "Font", "FullPage", "GeneralHtmlSupport", "Highlight"),
            *("HorizontalLine", "HtmlEmbed", "Image", "ImageCaption", "ImageInsert"),
            *("ImageResize", "ImageStyle", "ImageToolbar", "IndentBlock", "LinkImage"),
            *("ListProperties", "Markdown", "MediaEmbed", "Mention", "PageBreak", "ShowBlocks"),
            *("SimpleUploadAdapter", "SourceEditing", "SpecialCharacters"),
            *("SpecialCharactersEssentials", "Strikethrough", "Style", "Subscript"),
            *("Superscript", "TableCellProperties", "TableProperties", "TodoList", "Underline"),
            *("WordCount",),
        ],
    }
}

# --- platforms --------------------------------------------------------------------------------

CONNECTORS = {
    "facebook": "publishing.connectors.facebook.Facebook",
    "x": "publishing.connectors.x.X",
    "youtube": "publishing.connectors.youtube.YouTube",
    "instagram": "publishing.connectors.instagram.Instagram",
    "whatsapp": "publishing.connectors.whatsapp.WhatsApp",
}
GRAPH_API_VERSION = env("GRAPH_API_VERSION", default="v26.0")
# Where officers' browsers are sent to give consent, if not to the platform itself: a stand-in.
CONSENT_URLS: dict[str, str] = {}
# Our registration as a developer with each platform: id and secret. Instagram and WhatsApp are
# reached through the same Meta app as Facebook unless they have one of their own.
SHARED_APP = {"instagram": "facebook", "whatsapp": "facebook"}


def _of_app(platform: str, what: str) -> str:
    shared = SHARED_APP.get(platform)
    default = env(f"{shared.upper()}_APP_{what}", default="") if shared else ""
    return str(env(f"{platform.upper()}_APP_{what}", default=default))


PLATFORM_APPS = {
    platform: {"id": _of_app(platform, "ID"), "secret": _of_app(platform, "SECRET")}
    for platform in CONNECTORS
}
# Secrets with which platforms sign what they send to /callbacks/<platform>/: Meta with the app's
# own, YouTube with one that we choose, X with its consumer secret, which is never the app's own.
_OTHER_SECRET = frozenset({"x"})
CALLBACK_SECRETS = {
    platform: env(
        f"{platform.upper()}_CALLBACK_SECRET",
        default="" if platform in _OTHER_SECRET else PLATFORM_APPS[platform]["secret"],
    )
    for platform in CONNECTORS
}
# Base addresses; empty stands for the platform's real one, which its connector knows.
PLATFORM_URLS = {
    platform: env(f"{platform.upper()}_API_URL", default="") for platform in CONNECTORS
}
CALLBACK_VERIFY_TOKEN = env("CALLBACK_VERIFY_TOKEN", default="")
CALLBACK_KEPT_DAYS = env.int("CALLBACK_KEPT_DAYS", default=90)

# What Google lets our Cloud project do in a day of its own (Pacific) time; more after its audit.
YOUTUBE_DAILY_UPLOADS = env.int("YOUTUBE_DAILY_UPLOADS", default=100)
YOUTUBE_DAILY_UNITS = env.int("YOUTUBE_DAILY_UNITS", default=10_000)

# Numbers that are read of each post: our name of it, and the platform's, which changes often.
METRICS = env.json("METRICS", default={}) or {
    "facebook": {
        "views": "post_media_view",
        "reach": "post_total_media_view_unique",
        "clicks": "post_clicks",
        "likes": "post_reactions_like_total",
    },
    "instagram": {
        "views": "views",
        "reach": "reach",
        "likes": "likes",
        "comments": "comments",
        "shares": "shares",
        "saves": "saved",
    },
    "x": {
        "views": "impression_count",
        "likes": "like_count",
        "comments": "reply_count",
        "shares": "retweet_count",
        "saves": "bookmark_count",
    },
    "youtube": {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"},
    "whatsapp": {},
}

# The number that X gave to our webhook, and the app's own token, with which it is registered.
X_WEBHOOK_ID = env("X_WEBHOOK_ID", default="")
X_BEARER_TOKEN = env("X_BEARER_TOKEN", default="")
# Our agreement with X: the self-serve plan has rules that Enterprise has not (X0). Its prices are
# in US dollars and change; its names of fields did in 2026 ("post" is the newer style).
X_TIER = env("X_TIER", default="self_serve")
X_FIELD_STYLE = env("X_FIELD_STYLE", default="tweet")
X_PRICES = env.json("X_PRICES", default={}) or {
    "post": "0.015",
    "post_with_link": "0.200",
    "media_metadata": "0.005",
}

# How long a person who wrote privately may be answered, in hours: Messenger, Instagram, WhatsApp.
PRIVATE_WINDOW_HOURS = env.int("PRIVATE_WINDOW_HOURS", default=24)

# Small things that a worker does by the clock, besides deliveries: every so many seconds.
WORKER_CHORES = {
    "publishing.handle_health.check_next": 3,
    "publishing.media.preparing.sweep": 15,
    "publishing.metrics.wake_reading": 30,
    "schemes.draft_actions.sweep_drafts": 3600,
    "publishing.hearing.wake_hearing": 2,
    "publishing.callbacks.forget_old": 60,
    "publishing.template_reading.wake_reading": 600,
    "engagement.reading.wake_reading": 5,
    "engagement.reply_actions.note_all_sent": 5,
    "engagement.case_clock.move_by_the_clock": 60,
    "engagement.conversation_actions.moderate_next": 5,
    "engagement.alerts.alert_urgent": 5,
    "engagement.directive_actions.nudge_due": 300,
    "engagement.retention.forget_old": 3600,
    "engagement.coverage.refresh": 600,
    "engagement.coverage_actions.send_weekly_report": 900,
    "engagement.conversation_actions.forget_presence": 3600,
}

# How often what people wrote is read from a platform, and how often all of it that is recent; what
# is older than so many days is left to callbacks.
LISTEN_EVERY_SECONDS = env.int("LISTEN_EVERY_SECONDS", default=900)
LISTEN_FULL_SECONDS = env.int("LISTEN_FULL_SECONDS", default=6 * 3600)
LISTEN_DAYS = env.int("LISTEN_DAYS", default=30)

# Office hours, and the days of the week on which offices work, Monday being 0; the second Saturday
# of a month is off. Holidays are rows (engagement.Holiday).
WORKING_HOURS = tuple(env.list("WORKING_HOURS", default=["10:00", "17:00"]))
WORKING_DAYS = frozenset(env.list("WORKING_DAYS", cast=int, default=[0, 1, 2, 3, 4, 5]))
# Target and limit of a case in days, working or calendar (standards.md 13.3, bounded by the
# national rule of 21 days).
CASE_TIMES = {
    "question": (2, 5, "working"),
    "ordinary": (7, 15, "calendar"),
    "inquiry": (15, 21, "calendar"),
    "urgent": (0, 3, "calendar"),
}
CASE_OPINION_DAYS = env.int("CASE_OPINION_DAYS", default=15)  # to say whether it is resolved
CASE_APPEAL_DAYS = env.int("CASE_APPEAL_DAYS", default=30)
CASE_INFO_DAYS = env.int("CASE_INFO_DAYS", default=7)  # that a citizen has for an answer
CASES_OPEN_AT_MOST = env.int("CASES_OPEN_AT_MOST", default=10)  # of one person, by the form

# What must answer besides database, cache and task cluster before /readyz says ok.
READY_CHECKS = {"publisher": "publishing.pulse.check_publishers"}
# Who shows it may read /metrics; none: whoever asks on this machine.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# Who can say what a message's source looks like now: compared with the seal before every send.
MESSAGE_SOURCES = {
    "post": "schemes.seal.current_seal",
    "reply": "engagement.replying.current_seal",
}

# Where officers see what a message is made of.
MESSAGE_PAGES = {"post": "desk:post", "reply": "desk:reply_page"}

# Who is told what people wrote: a function of (handle, Heard, told_at).
LISTENER = "engagement.remark_actions.take"

# Who can say what messages are about, by the first word of their topic.
TOPIC_NAMES = {"scheme": "schemes.topics.titles_of"}

# What the audit trail keeps as codes, and who says it in words.
AUDIT_WORDS = {
    "departments.handle.reason": "publishing.problems.label",
    "publishing.delivery.problem": "publishing.problems.label",
    "publishing.message.problems": "publishing.problems.counted",
    "publishing.stop.topic": "publishing.topics.name_of",
    "publishing.subscriber.how": "publishing.audience.left_in_words",
    "departments.handle.agreed_by": "publishing.audience.way_in_words",
    "publishing.subscriber.agreed_by": "publishing.audience.way_in_words",
    "schemes.scheme.eligibility_rules": "schemes.eligibility.in_sentences",
}

# Personal data that departments/credentials.py encrypts for other apps: model, the sealed field,
# and the field with the keyed hash of the same text.
SEALED_FIELDS = [
    ("publishing.Subscriber", "sealed_address", "address_key"),
    ("engagement.Contact", "sealed_address", "address_key"),
]

# Processes that publish, of one `manage.py worker`, and calls that each has under way at the same
# time on one platform.
PUBLISHERS = env.int("PUBLISHERS", default=2)
PUBLISH_AT_ONCE = env.int("PUBLISH_AT_ONCE", default=128)
# What was due so long ago, after an outage for instance, is sent only if an officer says so.
STALE_AFTER_SECONDS = env.int("STALE_AFTER_SECONDS", default=12 * 3600)
# Failures in a row, of different handles, after which a platform is left alone for a while.
CIRCUIT_OPENS_AFTER = env.int("CIRCUIT_OPENS_AFTER", default=5)
# Calls that all handles of a platform may make together, and in how many seconds, where its answers
# do not say: (calls, seconds) by platform.
APP_PACES = {name: tuple(pace) for name, pace in env.json("APP_PACES", default={}).items()}
# A claim is held this long; it must outlast one call to a platform (30 s) by far.
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=90)
# How long what was surely not sent waits before its second, third ... try.
RETRY_AFTER_SECONDS = (20, 60, 180, 600, 1800, 3600)
# How long after an unclear answer the platform is read, and read again, before a person decides.
FIND_AFTER_SECONDS = env.list("FIND_AFTER_SECONDS", cast=int, default=[15, 45, 120])

LOG_FORMAT = env("LOG_FORMAT", default="text")  # or json
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "portal.logs.UtcFormatter",
            "fmt": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
}
