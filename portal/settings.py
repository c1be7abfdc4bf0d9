"""The portal's settings: one file, read from the environment.

Nothing set: the embedded portal (SQLite, files and mail under ``var/``, a broker on disk), as ``make run`` wants it.
``DATABASE_URL``, ``REDIS_URL``, ``EMAIL_URL``, ``STORAGE_URL``, ``SECRET_KEY`` and ``ALLOWED_HOSTS`` set: production.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import environ
from celery.schedules import crontab
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
with contextlib.suppress(OSError):  # what needs the folder says so itself, with the path
    VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- What kind of installation is this? -----------------------------------------------------------------------------
# A SECRET_KEY in the environment is what makes it production: without one the portal runs embedded, for one machine.
# Read as it stands: environ would take a key that begins with "$" for the name of another variable.
SECRET_KEY = os.environ.get("SECRET_KEY", "")
EMBEDDED = not SECRET_KEY
if EMBEDDED:
    SECRET_KEY = "embedded-" + hashlib.sha256(str(BASE_DIR).encode()).hexdigest()
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=EMBEDDED)
MAINTENANCE = env.bool("MAINTENANCE", default=False)  # or `manage.py maintenance on`, which needs no restart
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"] if EMBEDDED else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Whom to call when nothing on the pages helps: the office's own number, or the national line for government services.
HELP_LINE = env.str("HELP_LINE", default="12345")
HELP_EMAIL = env.str("HELP_EMAIL", default="")
HELP_HOURS = env.str("HELP_HOURS", default="9:00–12:00, 13:30–17:30")
SITE_URL = env.str(
    "SITE_URL", default="http://127.0.0.1:8000" if EMBEDDED else "https://" + (ALLOWED_HOSTS or ["localhost"])[0]
)

# Keys for personal data at rest (newest first, Fernet) and for its look-up digests. See docs/operations.md, "Keys".
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
if not EMBEDDED and not FIELD_KEYS:
    raise ImproperlyConfigured(
        "FIELD_KEYS is not set: personal data can't be encrypted. Make one with "
        "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`."
    )
for number, key in enumerate(FIELD_KEYS, 1):
    try:
        Fernet(key)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"FIELD_KEYS: key {number} is not a Fernet key (44 characters of URL-safe Base64). Make one with "
            "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`."
        ) from error

INSTALLED_APPS = [
    "portal",
    "reviews",
    "permits",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.pages_compressed",
    "portal.middleware.closed_for_maintenance",
    "portal.middleware.without_null_characters",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "reviews.admin.csp.wider_csp_for_the_admin",
    "portal.middleware.storage_that_browsers_send_to",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.language_of_the_account",
    "portal.middleware.nothing_kept_of_the_signed_in",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets readers go on while one writer writes; IMMEDIATE takes the write lock at BEGIN, so that a transaction
    # that reads first and writes later waits its turn instead of failing half-way with "database is locked".
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    )
    # Threads in tests must see the same database as the test's own connection, so it is a file there too.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The audit log ----------------------------------------------------------------------------------------------------
# The key that signs its checkpoints, or the dotted path of a signer that asks a KMS. See docs/operations.md, "Keys".
AUDIT_KEY_FILE = Path(env.str("AUDIT_KEY_FILE", default=str(VAR_DIR / "keys" / "audit" / "audit-ed25519.pem")))
AUDIT_SIGNER = env.str("AUDIT_SIGNER", default="reviews.audit.signing.FileSigner")
# What the log is called in its checkpoints, for ever: it is part of what is signed, and of how its key is known.
# The embedded portal has one name, on whatever port it runs today.
AUDIT_ORIGIN = env.str(
    "AUDIT_ORIGIN",
    default="embedded.invalid/audit" if EMBEDDED else SITE_URL.partition("://")[2].rstrip("/") + "/audit",
)
# Where other offices keep the checkpoints: file://, s3:// (as STORAGE_URL), mailto:, https://; and how often they are sent.
AUDIT_WITNESSES = env.list("AUDIT_WITNESSES", default=[])
# Where `archive_audit_log` puts the events of closed years, as STORAGE_URL has it; "" is STORAGE_URL itself.
AUDIT_ARCHIVE_URL = env.str("AUDIT_ARCHIVE_URL", default="")
AUDIT_WITNESS_SECONDS = env.float("AUDIT_WITNESS_SECONDS", default=3600.0)

# --- Cache, broker, workers -----------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    # On disk, so that the site's processes share the counts of failed log-ins.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR_DIR / "cache",
            "OPTIONS": {"MAX_ENTRIES": 10_000},  # beyond them counts are thrown away by chance
        }
    }

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or "filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(VAR_DIR / "broker" / "queue"),
        "data_folder_out": str(VAR_DIR / "broker" / "queue"),
        "control_folder": str(VAR_DIR / "broker" / "control"),
        "store_processed": False,
        # A worker that is busy looks again after this many seconds; kombu's 1.0 means two tasks a second at most.
        "polling_interval": 0.05,
    }
else:
    # A message whose worker died comes back after this many seconds; the outbox makes the second delivery harmless.
    # A broker that is down is given up on quickly, for the request that kicks it must not wait.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False  # the sweep is our retry; a request never waits for a broker that is down
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep-outbox": {"task": "reviews.notices.tasks.sweep", "schedule": env.float("SWEEP_SECONDS", default=15.0)},
    "keep-time-limits": {"task": "reviews.tasks.keep_time_limits", "schedule": 60.0},
    "publish-due-editions": {"task": "reviews.tasks.publish_due_editions", "schedule": 20.0},
    # All morning, so that one beat that was down early is made good; the day's are sent once.
    "morning-summaries": {"task": "reviews.tasks.send_digests", "schedule": crontab(minute="*/10", hour="8-11")},
    "issue-missing-permits": {"task": "reviews.tasks.issue_missing_permits", "schedule": 60.0},
    "draw-marks": {"task": "reviews.tasks.draw_marks", "schedule": 60.0},
    "seal-audit-log": {"task": "reviews.tasks.seal_audit_log", "schedule": 10.0},
    "push-checkpoint": {"task": "reviews.tasks.push_checkpoint", "schedule": AUDIT_WITNESS_SECONDS},
    "send-webhooks": {"task": "reviews.tasks.send_webhooks", "schedule": env.float("WEBHOOK_SECONDS", default=5.0)},
    # Each a minute at most, until the night's share is done.
    "check-stored-files": {"task": "reviews.tasks.check_stored_files", "schedule": crontab(minute="*/5", hour="0-5")},
    "sweep-materials": {"task": "reviews.tasks.sweep_materials", "schedule": 30.0},
    # Hourly, so that a day that a beat slept through is made good; each is said once.
    "keep-authorisations": {"task": "reviews.tasks.keep_authorisations", "schedule": crontab(minute="7")},
    "prune-deliveries": {"task": "reviews.tasks.prune_deliveries", "schedule": crontab(minute="20", hour="3")},
    "announce-erasures": {"task": "reviews.tasks.announce_erasures", "schedule": crontab(minute="10", hour="9")},
    "prune-scans": {"task": "reviews.tasks.prune_scans", "schedule": crontab(minute="35", hour="3")},
    "clear-sessions": {"task": "portal.tasks.clear_sessions", "schedule": crontab(minute="50", hour="3")},
    "clear-uploads": {"task": "reviews.tasks.clear_uploads", "schedule": crontab(minute="40")},
    "count-board": {"task": "reviews.tasks.count_board", "schedule": 300.0},
    "beat-heartbeat": {"task": "reviews.tasks.heartbeat", "schedule": 60.0},
}

# --- Mail -----------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="政务办件 <noreply@portal.invalid>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("", address) for address in env.list("ADMINS", default=[])]  # who is mailed when a notice is given up
if env.str("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")

# --- Notices --------------------------------------------------------------------------------------------------------
NOTICE_CHANNELS = {
    "inbox": "reviews.notices.channels.inbox.send",
    "email": "reviews.notices.channels.email.send",
}
# Providers of text messages and WeChat messages (docs/operations.md, "Connecting a provider"): the channel is there when
# its address is.
NOTICE_PROVIDERS: dict[str, dict[str, str]] = {}
for _channel in ("sms", "wechat"):
    _ours = _channel.upper()
    if not env.str(f"{_ours}_URL", default=""):
        continue
    _secret = os.environ.get(f"{_ours}_SECRET", "")  # as it stands: environ would read a "$" as a name
    if not _secret:
        raise ImproperlyConfigured(f"{_ours}_URL is set and {_ours}_SECRET is not: messages could not be signed")
    NOTICE_PROVIDERS[_channel] = {
        "url": env.str(f"{_ours}_URL"),
        "key_id": env.str(f"{_ours}_KEY_ID", default=""),
        "secret": _secret,
        "report_secret": os.environ.get(f"{_ours}_REPORT_SECRET", "") or _secret,
        "sign_name": env.str(f"{_ours}_SIGN_NAME", default=""),
        "templates": env.str(f"{_ours}_TEMPLATES", default=""),
    }
    NOTICE_CHANNELS[_channel] = "reviews.notices.channels.provider.send"
# Seconds. A try that fails is followed by another after the first wait, then after twice as long each time up to the
# longest: with 20 tries a provider may be away for half a day. The lease is how long a worker may have a notice in hand
# before it is taken for dead: longer than the time-outs of the ten that it takes together.
NOTICE_FIRST_WAIT = env.float("NOTICE_FIRST_WAIT", default=15.0)
NOTICE_LONGEST_WAIT = env.float("NOTICE_LONGEST_WAIT", default=3600.0)
NOTICE_ATTEMPTS = env.int("NOTICE_ATTEMPTS", default=20)
NOTICE_LEASE = env.float("NOTICE_LEASE", default=180.0)
DELIVERIES_KEPT_DAYS = env.int("DELIVERIES_KEPT_DAYS", default=90)  # what got through to webhooks, and providers' reports
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)  # http and addresses that are not public
WEBHOOK_CA_FILE = env.str("WEBHOOK_CA_FILE", default="")  # of a government CA; "" is the system's own list
# Seconds that a channel is left alone when it failed often in a row: the first time, and at most.
NOTICE_PAUSE = env.float("NOTICE_PAUSE", default=15.0)
NOTICE_LONGEST_PAUSE = env.float("NOTICE_LONGEST_PAUSE", default=60.0)
NOTICE_QUIET_HOURS = env.str("NOTICE_QUIET_HOURS", default="22:00-07:00")  # no text messages then; empty: at any time
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # who has it may read /metrics
# How many notices a second at most, by all workers together: ``sms=50,email=20``.
NOTICE_RATES: dict[str, float] = {
    channel: float(rate) for channel, _sign, rate in (each.partition("=") for each in env.list("NOTICE_RATES", default=[]))
}

# --- Files ----------------------------------------------------------------------------------------------------------
STORAGE_URL = env.str("STORAGE_URL", default=f"file://{VAR_DIR / 'materials'}")
# Keys that encrypt the blobs of a folder (docs/operations.md, "Encryption at rest"), newest first, 32 bytes each as FIELD_KEYS
# has them. None: the folder is kept as it is, on a disk that is encrypted itself. S3 has ``sse`` in STORAGE_URL.
STORAGE_KEYS = env.list("STORAGE_KEYS", default=[])
for number, key in enumerate(STORAGE_KEYS, 1):
    try:
        Fernet(key)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"STORAGE_KEYS: key {number} is not 32 bytes in URL-safe Base64. Make one as FIELD_KEYS are made."
        ) from error
# Who sends the bytes of a file once the view has checked the right: "portal" (this process), "nginx" (X-Accel-Redirect to
# STORAGE_ACCEL, a location that nginx keeps for itself), "s3" (an address at the service, good for a minute).
SERVE_FILES = env.str("SERVE_FILES", default="portal")
if SERVE_FILES not in {"portal", "nginx", "s3"}:
    raise ImproperlyConfigured(f"SERVE_FILES is portal, nginx or s3, not {SERVE_FILES}")
STORAGE_ACCEL = env.str("STORAGE_ACCEL", default="/_materials/")
FILE_LINK_SECONDS = env.int("FILE_LINK_SECONDS", default=600)  # how long a link for the viewer's frame is good
# For how many days the files of applications are kept, by how they stand: ``draft=180,ended=365,rejected=1095,closed=3650``.
# What isn't named is kept for ever; a service's definition may say otherwise (``keep_files``). manage.py erase_materials.
KEEP_FILES: dict[str, int] = {
    group: int(days) for group, _sign, days in (each.partition("=") for each in env.list("KEEP_FILES", default=[]))
}
if unknown := set(KEEP_FILES) - {"draft", "ended", "rejected", "closed"}:
    raise ImproperlyConfigured(f"KEEP_FILES: draft, ended, rejected and closed are kept so long, not {', '.join(unknown)}")
if any(days < 30 for days in KEEP_FILES.values()):
    raise ImproperlyConfigured("KEEP_FILES: at least 30 days")
# So many days before the files of a draft are erased its applicant is told, once; 0: never.
DRAFT_NOTICE_DAYS = env.int("DRAFT_NOTICE_DAYS", default=14)
if DRAFT_NOTICE_DAYS < 0:
    raise ImproperlyConfigured("DRAFT_NOTICE_DAYS: 0 or more days")
STORAGE_CHECK_NIGHTS = env.int("STORAGE_CHECK_NIGHTS", default=28)  # after so many nights every blob was read again
STORAGES = {
    "default": {"BACKEND": "permits.intake.storage.private_storage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = [
    "permits.intake.upload.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Files are looked into by a worker after the request ("worker"), or within it, where there is none ("here").
INSPECTION = env.str("INSPECTION", default="worker")
INSPECTION_SANDBOX = env.bool("INSPECTION_SANDBOX", default=True)  # off for tests only: in a process of its own, with these limits
INSPECTION_LIMITS = {"megabytes": env.int("INSPECTION_MEGABYTES", default=512), "seconds": env.int("INSPECTION_SECONDS", default=30)}
CLAMD_URL = env.str("CLAMD_URL", default="")  # tcp://host:3310 or unix:///run/clamav/clamd.ctl; empty: no virus scanner
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", default="") or None
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)  # the ceiling; a definition may ask for less
UPLOADS_UNDER_WAY = env.int("UPLOADS_UNDER_WAY", default=30)  # of one person at once, in pieces
UPLOAD_KEPT_HOURS = env.int("UPLOAD_KEPT_HOURS", default=20)  # after its last piece; check_storage leaves alone what is younger than 24
# A request that brings nothing for so long has lost its turn to the next that wants to go on with the upload.
UPLOAD_STALE_SECONDS = env.float("UPLOAD_STALE_SECONDS", default=10.0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
if EMBEDDED or DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Ed25519 key that signs permits (PEM, PKCS#8). Embedded: made at first need under var/keys.
PERMIT_KEY_FILE = Path(env.str("PERMIT_KEY_FILE", default=str(VAR_DIR / "keys" / "permit-ed25519.pem")))
# The bureau's certificate and key, which sign the PDF of a permit (PAdES): in a file, or in a token by PKCS#11.
# Embedded: make_dev_ca's, made at first need. docs/operations.md, "The certificate that signs permits".
PERMIT_PKCS12 = Path(env.str("PERMIT_PKCS12", default=str(VAR_DIR / "keys" / "permit-pdf" / "bureau.p12")))
PERMIT_PKCS12_PASSPHRASE = os.environ.get("PERMIT_PKCS12_PASSPHRASE", "")  # as it stands: it may begin with "$"
PERMIT_PKCS12_PASSPHRASE_FILE = Path(
    env.str("PERMIT_PKCS12_PASSPHRASE_FILE", default=str(PERMIT_PKCS12.with_suffix(".passphrase")))
)
PERMIT_PKCS11 = {
    "module": env.str("PERMIT_PKCS11_MODULE", default=""),  # such as /usr/lib/softhsm/libsofthsm2.so; empty: PKCS#12
    "token": env.str("PERMIT_PKCS11_TOKEN", default=""),  # the token's label
    "certificate": env.str("PERMIT_PKCS11_CERTIFICATE", default=""),  # labels of the certificate and of the key,
    "key": env.str("PERMIT_PKCS11_KEY", default=""),  # which is the certificate's when empty
    "secret_pin": os.environ.get("PERMIT_PKCS11_PIN", ""),  # its name keeps it out of the mails that tell of errors
    "pin_file": env.str("PERMIT_PKCS11_PIN_FILE", default=""),
    "chain": env.str("PERMIT_PKCS11_CHAIN", default=""),  # PEM file of the certificates between it and the root
}
# What a permit's PDF is checked against: roots/*.pem, tsa/*.pem (of the time stamps), and signers/*.pem, every
# certificate that ever signed, which the portal keeps there by itself.
PERMIT_TRUST = Path(env.str("PERMIT_TRUST", default=str(VAR_DIR / "keys" / "permit-trust")))
PERMITS_BY_MAIL = env.bool("PERMITS_BY_MAIL", default=True)  # the signed PDF goes with the mail that tells of it; never a pass
PERMIT_TSA_URL = env.str("PERMIT_TSA_URL", default="")  # an RFC 3161 time stamp authority; empty: no time stamp
PERMIT_TSA_SECONDS = env.float("PERMIT_TSA_SECONDS", default=10.0)
# What search engines may list: "nothing", the "pages" that are about nobody, or these and the public "register" of permits.
PUBLIC_INDEXING = env.str("PUBLIC_INDEXING", default="nothing" if DEMO else "pages")
if PUBLIC_INDEXING not in ("nothing", "pages", "register"):
    raise ImproperlyConfigured(f'PUBLIC_INDEXING is "nothing", "pages" or "register", not "{PUBLIC_INDEXING}"')
PERMIT_STATUS_DAYS = env.int("PERMIT_STATUS_DAYS", default=7)  # how long a list of revoked permits may be relied on

# --- Accounts -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "permits.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "portal.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_ADAPTER = "portal.accounts.AccountAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "signup": "20/m/ip"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if EMBEDDED else "https"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_NAME = "portal_session"
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Language and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
FORMAT_MODULE_PATH = "portal.formats"  # 2026年11月26日, 26 November 2026
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- Security -------------------------------------------------------------------------------------------------------
SECURE = env.bool("SECURE", default=not EMBEDDED)
SECURE_SSL_REDIRECT = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"  # but for materials, which the review page shows in a frame of our own
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "style-src": [SELF],
        "script-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    },
}

# --- Admin ----------------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": _("Permit portal · Review desk"),
    "SITE_HEADER": _("Review desk"),
    "SITE_SUBHEADER": _("Permit portal"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "fact_check",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/img/mark.svg"}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    # By their hashed names, which a browser keeps.
    "STYLES": [lambda request: static("css/review.css")],
    "SCRIPTS": [
        lambda request: static("js/unread.js"), lambda request: static("js/kept.js"), lambda request: static("js/desk.js"),
    ],
    "DASHBOARD_CALLBACK": "reviews.admin.dashboard.overview",
    "COLORS": {
        # The portal's greys (static/css/portal.css), so that the desk and the portal are one house.
        "base": {
            "50": "#f7f9f9",
            "100": "#eef2f3",
            "200": "#d9e0e2",
            "300": "#c3cdd1",
            "400": "#93a5ad",
            "500": "#596d76",
            "600": "#4d616b",
            "700": "#33454d",
            "800": "#2a3941",
            "900": "#172228",
            "950": "#0f181d",
        },
        "primary": {
            "50": "#eef6f8",
            "100": "#d5e9ee",
            "200": "#aed4de",
            "300": "#7bb7c8",
            "400": "#4794aa",
            "500": "#2b788f",
            "600": "#1f6179",
            "700": "#1d5064",
            "800": "#1d4354",
            "900": "#1b3948",
            "950": "#0c2430",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {
                "title": _("My work"),
                "items": [
                    {
                        "title": _("Queue"),
                        "icon": "inbox",
                        "link": reverse_lazy("admin:reviews_task_changelist"),
                        "active": "reviews.admin.access.at_the_queue",
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Messages and call-backs"),
                        "icon": "forum",
                        "link": reverse_lazy("admin:reviews_thread_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Saved answers"),
                        "icon": "quick_phrases",
                        "link": reverse_lazy("admin:reviews_savedanswer_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Applications"),
                        "icon": "folder_open",
                        "link": reverse_lazy("admin:permits_application_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Permits"),
                        "icon": "verified",
                        "link": reverse_lazy("admin:permits_permit_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Inbox"),
                        "icon": "notifications",
                        "link": reverse_lazy("inbox"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("What you are told, and how"),
                        "icon": "notifications_active",
                        "link": reverse_lazy("preferences"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Delegations"),
                        "icon": "event_available",
                        "link": reverse_lazy("admin:reviews_delegation_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Conflicts of interest"),
                        "icon": "balance",
                        "link": reverse_lazy("admin:reviews_interest_changelist"),
                        "permission": "reviews.admin.access.is_official",
                    },
                    {
                        "title": _("Board"),
                        "icon": "monitoring",
                        "link": reverse_lazy("admin:reviews_task_board"),
                        "permission": "reviews.admin.access.is_supervisor",
                    },
                    {
                        "title": _("Ratings"),
                        "icon": "star",
                        "link": reverse_lazy("admin:reviews_rating_changelist"),
                        "permission": "reviews.admin.access.is_supervisor",
                    },
                ],
            },
            {
                "title": _("System"),
                "items": [
                    {
                        "title": _("Services"),
                        "icon": "description",
                        "link": reverse_lazy("admin:permits_service_changelist"),
                        "permission": "reviews.roles.is_services_request",
                    },
                    {
                        "title": _("Draft editions"),
                        "icon": "edit_document",
                        "link": reverse_lazy("admin:permits_editiondraft_changelist"),
                        "permission": "reviews.roles.is_service_owner_request",
                    },
                    {
                        "title": _("Wording of notices"),
                        "icon": "edit_note",
                        "link": reverse_lazy("admin:reviews_noticetext_changelist"),
                        "permission": "reviews.roles.is_services_request",
                    },
                    {
                        "title": _("Departments"),
                        "icon": "account_balance",
                        "link": reverse_lazy("admin:reviews_department_changelist"),
                        "permission": "reviews.roles.is_system_admin_request",
                    },
                    {
                        "title": _("Working calendar"),
                        "icon": "calendar_month",
                        "link": reverse_lazy("admin:reviews_calendarday_changelist"),
                        "permission": "reviews.roles.is_system_admin_request",
                    },
                    {
                        "title": _("Notices"),
                        "icon": "outgoing_mail",
                        "link": reverse_lazy("admin:reviews_notice_changelist"),
                        "permission": "reviews.roles.is_system_admin_request",
                    },
                    {
                        "title": _("Webhooks"),
                        "icon": "webhook",
                        "link": reverse_lazy("admin:reviews_webhookendpoint_changelist"),
                        "permission": "reviews.roles.is_system_admin_request",
                    },
                    {
                        "title": _("Gates"),
                        "icon": "door_front",
                        "link": reverse_lazy("admin:reviews_gate_changelist"),
                        "permission": "reviews.roles.is_gates_request",
                    },
                    {
                        "title": _("Enterprises"),
                        "icon": "factory",
                        "link": reverse_lazy("admin:permits_enterprise_changelist"),
                        "permission": "reviews.roles.is_system_admin_request",
                    },
                ],
            },
            {
                "title": _("Accounts and rights"),
                "items": [
                    {
                        "title": _("Accounts"),
                        "icon": "group",
                        "link": reverse_lazy("admin:permits_user_changelist"),
                        "permission": "reviews.roles.is_accounts_request",
                    },
                    {
                        "title": _("Officials"),
                        "icon": "badge",
                        "link": reverse_lazy("admin:reviews_official_changelist"),
                        "permission": "reviews.roles.is_security_admin_request",
                    },
                    {
                        "title": _("Roles"),
                        "icon": "shield_person",
                        "link": reverse_lazy("admin:reviews_rolegrant_changelist"),
                        "permission": "reviews.roles.is_security_admin_request",
                    },
                    {
                        "title": _("Gate checkers"),
                        "icon": "qr_code_scanner",
                        "link": reverse_lazy("admin:reviews_gatechecker_changelist"),
                        "permission": "reviews.roles.is_security_admin_request",
                    },
                ],
            },
            {
                "title": _("Audit"),
                "items": [
                    {
                        "title": _("Audit log"),
                        "icon": "history",
                        "link": reverse_lazy("admin:reviews_event_changelist"),
                        "permission": "reviews.roles.is_audit_admin_request",
                    },
                ],
            },
        ],
    },
}

# --- Logs -----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A stranger's PDF that doesn't verify is an answer and no event: pyHanko would tell each with its traceback.
    "loggers": {"pyhanko": {"level": "ERROR"}, "pyhanko_certvalidator": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO" if not EMBEDDED else "WARNING")},
}
