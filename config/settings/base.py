"""What every environment shares. Values come from the environment through `config.variables`."""

from datetime import timedelta
from pathlib import Path

from config import limits, variables
from config.env import BASE_DIR, VAR_DIR, VERSION
from config.settings.sign_in import *  # noqa: F403 -- how staff sign in, a page of its own

DEBUG = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "config.apps.SignInsConfig",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config.apps.ConfigConfig",
    "buildings",
    "mlmodel",
    "predictions",
]

MIDDLEWARE = [
    "config.metrics.MetricsMiddleware",
    "config.middleware.RequestIdMiddleware",
    "config.demo.DemoMiddleware",
    "config.security.SecurityHeadersMiddleware",
    "config.middleware.LanguageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.LengthRequiredMiddleware",
    "predictions.api.throttling.ThrottlingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.sign_in.SessionAgeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
#: What pages are in, and the API's refusals; a second one needs a catalogue in locale/.
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
#: How times are written: to the second, with their zone.
FORMAT_MODULE_PATH = "config.formats"
# A preference and no secret, kept for a year.
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "predictions.api.exceptions.csrf_failure_page"
# Where who signs in without having been sent to do so arrives.
LOGIN_REDIRECT_URL = "admin:index"
# Paths without their final slash are told so (API) or redirected by name (admin), never guessed at.
APPEND_SLASH = False
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(variables.STATIC_ROOT.read() or VAR_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# The largest request body that is read at all; a larger one is refused with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = limits.BODY_BYTES
BATCH_BODY_BYTES_MAX = {form: most.read() for form, most in variables.BATCH_BYTES_MAX.items()}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["predictions.api.authentication.ApiTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "predictions.api.authentication.HasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["predictions.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "predictions.api.schema.ProblemAutoSchema",
    # One format, one way to ask for it: no browsable pages, no `?format=`, no OPTIONS metadata.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "predictions.api.exceptions.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

KNOX_TOKEN_MODEL = "predictions.ApiToken"  # noqa: S105 -- a model's name, not a secret
# Knox would create its own token table beside ours.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=variables.API_TOKEN_TTL_DAYS.read()),
    "AUTO_REFRESH": False,
}
# Limits are described in `config.limits`; 0: no limit.
API_TOKENS_PER_USER: int = variables.API_TOKENS_PER_USER.read()
RATE_LIMIT_REQUESTS_PER_MINUTE: int = variables.RATE_LIMIT_REQUESTS_PER_MINUTE.read()
RATE_LIMIT_ROWS_PER_MINUTE: int = variables.RATE_LIMIT_ROWS_PER_MINUTE.read()
RATE_LIMIT_FAILURES_PER_MINUTE: int = variables.RATE_LIMIT_FAILURES_PER_MINUTE.read()
#: Requests of one token that a worker handles at once, so that a thread is left to the others.
CONCURRENCY_PER_TOKEN: int = variables.CONCURRENCY_PER_TOKEN.read(
    max(1, variables.WEB_THREADS.read() - 1)
)
#: Whose X-Forwarded-For is believed: how many proxies stand in front, or their networks.
TRUSTED_PROXIES: list[str] = variables.TRUSTED_PROXIES.read()

#: How long an Idempotency-Key and its answer are kept; not less than 24 hours.
IDEMPOTENCY_TTL: timedelta = timedelta(hours=variables.IDEMPOTENCY_TTL_HOURS.read())

#: The registered model whose champion serves.
SERVED_MODEL_NAME = "site-energy-use"
#: How often a worker asks which version is the champion, s; 0: never, until it is restarted.
MODEL_POLL_SECONDS: float = variables.MODEL_POLL_SECONDS.read()
#: Which share of the inputs the challenger scores as well (`manage.py shadow_predictions`).
SHADOW_SHARE: float = variables.SHADOW_SHARE.read()
#: Where registered model versions are kept by digest, ready to load without MLflow.
MODEL_STORE_DIR: Path = VAR_DIR / "models"
#: A demonstration in somebody else's page (`config.demo`).
DEMO_MODE: bool = variables.DEMO_MODE.read()
#: MLflow's own store; a local SQLite file and folder unless the environment names a server. None in
#: a demonstration: its image has mlflow-skinny, which knows no SQLite.
MLFLOW_TRACKING_URI: str = variables.MLFLOW_TRACKING_URI.read(
    "" if DEMO_MODE else f"sqlite:///{VAR_DIR / 'mlflow' / 'mlflow.db'}"
)
#: Downloads of published datasets are cached here.
DATASET_CACHE_DIR: Path = VAR_DIR / "datasets"

PROJECT_DIR: Path = BASE_DIR
#: What was deployed, for `/livez`: a tag or a commit, set by whoever builds the image.
RELEASE: str = variables.RELEASE.read()


def gettext_noop(message: str) -> str:
    """Mark a text for translation. Django's own asks the settings, which are being made here."""
    return message


#: What a demonstration says of itself.
DEMO_NOTICE = gettext_noop("Demonstration: everything entered here is lost when it restarts.")
if DEMO_MODE:
    # TLS ends at the platform's proxy, which sets the header itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
#: Who may read /metrics, and on which port besides; off without either.
METRICS_TOKEN: str = variables.METRICS_TOKEN.read()
if METRICS_TOKEN:
    variables.strong(variables.METRICS_TOKEN, METRICS_TOKEN)
METRICS_PORT: int = variables.METRICS_PORT.read()

UNFOLD = {
    "SITE_TITLE": "Futurisys Energy",
    "SITE_HEADER": "Futurisys Energy",
    "SITE_SYMBOL": "bolt",
    "SHOW_HISTORY": False,
    "ENVIRONMENT": "config.demo.admin_label",
    "SCRIPTS": ["config.demo.storage_script"],
    "DASHBOARD_CALLBACK": "predictions.admin.dashboard.dashboard_callback",
    "SHOW_LANGUAGES": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Futurisys Energy API",
    "VERSION": VERSION,
    "DESCRIPTION": (
        "How much energy will this building use in a year? Answers come from facts known without "
        "a meter, and every input and output is on the record.\n\n"
        "Send `Authorization: Bearer <token>`; what a token may do is its scopes. Each answer says "
        "in `RateLimit` what is left to it. Bodies are JSON, read strictly: unknown or "
        "repeated members, numbers in quotes and values out of range are refused, and each "
        "refusal is an RFC 9457 problem document that names the member. Energies are site energy "
        "in kBtu a year, areas are ft² of gross floor area; with `units=si` kWh and m²."
    ),
    "CONTACT": {"name": "Futurisys Energy"},
    "LICENSE": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
    "SERVERS": [{"url": "/", "description": "The host that serves this document"}],
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "predictions.api.schema_units.postprocess_units",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PropertyUseType": "mlmodel.features.PROPERTY_USE_TYPES",
        "ErrorCode": "predictions.models.ErrorCode",
        "RequestPart": "predictions.api.problems.Location",
        "Retry": "predictions.api.problems.Retry",
    },
    "APPEND_COMPONENTS": {
        "headers": {
            "RateLimit-Policy": {
                "description": "Quotas of the token (draft-ietf-httpapi-ratelimit-headers): `q` "
                "requests, or rows of batches, within `w` seconds.",
                "schema": {"type": "string"},
                "example": '"default";q=600;w=60',
            },
            "RateLimit": {
                "description": "What is left of each: `r`, for `t` seconds.",
                "schema": {"type": "string"},
                "example": '"default";r=599;t=60',
            },
            "Retry-After": {
                "description": "Seconds to wait before asking again.",
                "schema": {"type": "integer"},
                "example": 60,
            },
        },
    },
    "TAGS": [
        {"name": "buildings", "description": "Benchmarked buildings and what they reported."},
        {
            "name": "emission-factor-sets",
            "description": "By which factors fuels become emissions.",
        },
        {"name": "models", "description": "Which model versions there are."},
        {"name": "predictions", "description": "Ask, and read what was asked before."},
        {"name": "problems", "description": "Why a request may be refused, and what to do then."},
        {"name": "tokens", "description": "Make and revoke your tokens."},
    ],
}
if DEMO_MODE:
    SPECTACULAR_SETTINGS["DESCRIPTION"] = (
        f"**{DEMO_NOTICE}**\n\n{SPECTACULAR_SETTINGS['DESCRIPTION']}"
    )
