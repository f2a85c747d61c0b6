"""Every variable of the environment that the project reads: the only list of them.

`.env.example` and docs/reference/settings.md are made from it (`manage.py export_reference`).
"""

from typing import Any, Final

from config import limits
from config.variables.declared import BASE_DIR, MAKE_SECRET, Section, Variable, strong

__all__ = ["BASE_DIR", "SECTIONS", "VARIABLES", "Variable", "strong"]

_POSTGRES = "postgres://{}:password@host:5432/futurisys?sslmode=require"
_IS_POSTGRES = {
    "pattern": r"postgres(ql)?://\S+",
    "right": "postgres://user:password@host:5432/database, with @, / and : of a password as %40, "
    "%2F and %3A",
}
_PORT_MAX = 65_535
_IN_PRODUCTION = "production"

# -- database -------------------------------------------------------------------------------------

_database = Section("Database")

DATABASE_URL = _database.text(
    "DATABASE_URL",
    "PostgreSQL 15 or later, as the role that serves. Unset: an embedded one below var/.",
    example="postgres://user:password@host:5432/database?sslmode=require",
    otherwise="the embedded PostgreSQL",
    needed=_IN_PRODUCTION,
    how="Name the PostgreSQL database: postgres://user:password@host:5432/database "
    "(with ?sslmode=require where it is not on this machine).",
    is_secret=True,
    **_IS_POSTGRES,
)
OWNER_DATABASE_URL = _database.text(
    "OWNER_DATABASE_URL",
    "The same database for the release step (migrations, grants), as its owner.",
    example=_POSTGRES.format("futurisys_owner"),
    otherwise="DATABASE_URL",
    read_by="deploy/release.sh",
    is_secret=True,
)
AUDITOR_DATABASE_URL = _database.text(
    "AUDITOR_DATABASE_URL",
    "The same for auditors; `create_database --env-file` writes it. Give it to a command as "
    "DATABASE_URL.",
    example=_POSTGRES.format("futurisys_auditor"),
    read_by="people",
    is_secret=True,
)
LOADER_DATABASE_URL = _database.text(
    "LOADER_DATABASE_URL",
    "The same for whoever loads datasets; give it to `load_dataset` as DATABASE_URL. The process "
    "`imports` has it so.",
    example=_POSTGRES.format("futurisys_loader"),
    otherwise="DATABASE_URL",
    read_by="Procfile",
    is_secret=True,
)
ADMIN_DATABASE_URL = _database.text(
    "ADMIN_DATABASE_URL",
    "Who makes database and roles, for `manage.py create_database`.",
    example="postgres://postgres:password@host:5432/postgres?sslmode=require",
    is_secret=True,
)
#: By role: the passwords that `create_database` gives, if they are not to be made at random.
DATABASE_PASSWORDS: Final[dict[str, Variable[str]]] = {
    role: _database.text(
        f"DATABASE_{role.upper()}_PASSWORD",
        f"Password of the role {role}, for `create_database`; 16 characters or more.",
        otherwise="made at random",
        is_secret=True,
    )
    for role in ("owner", "app", "auditor", "loader")
}
DATABASE_CONNECT_TIMEOUT_S = _database.integer(
    "DATABASE_CONNECT_TIMEOUT_S", "Seconds to wait for a connection.", default=3, least=1
)
DATABASE_STATEMENT_TIMEOUT_MS = _database.integer(
    "DATABASE_STATEMENT_TIMEOUT_MS",
    "Milliseconds that a statement may take; 0 sends no limit.",
    default=0,
    otherwise=f"{limits.STATEMENT_TIMEOUT_MS} for requests, none for commands",
    example=str(limits.STATEMENT_TIMEOUT_MS),
    least=0,
)
DATABASE_LOCK_TIMEOUT_MS = _database.integer(
    "DATABASE_LOCK_TIMEOUT_MS",
    "Milliseconds to wait for a lock; 0 sends no limit (a pooler such as PgBouncer may refuse "
    "limits).",
    default=5_000,
    least=0,
)

# -- server ---------------------------------------------------------------------------------------

_server = Section("Server")

HOST = _server.text(
    "HOST", "The address to listen on; 0.0.0.0 is every interface.", default="127.0.0.1"
)
PORT = _server.integer(
    "PORT",
    "The port to listen on; the image sets 7860.",
    default=8000,
    least=1,
    most=_PORT_MAX,
)
WEB_CONCURRENCY = _server.integer("WEB_CONCURRENCY", "Worker processes.", default=2, least=1)
WEB_THREADS = _server.integer(
    "WEB_THREADS",
    "Threads of a worker. Every thread has one database connection, every worker one more.",
    default=limits.WORKER_THREADS,
    least=1,
)
ACCESS_LOG = _server.switch(
    "ACCESS_LOG", "One line a request (path without query, never a body).", default=True
)
LOG_LEVEL = _server.text(
    "LOG_LEVEL",
    "DEBUG, INFO, WARNING or ERROR.",
    default="INFO",
    pattern="DEBUG|INFO|WARNING|ERROR|CRITICAL",
    right="DEBUG, INFO, WARNING or ERROR",
)
FORWARDED_ALLOW_IPS = _server.text(
    "FORWARDED_ALLOW_IPS",
    "Whose X-Forwarded-* headers gunicorn believes.",
    default="127.0.0.1,::1",
    read_by="gunicorn",
)
RELEASE = _server.text(
    "RELEASE", "What was deployed, a tag or a commit, for /livez; the image sets it."
)
VAR_DIR = _server.text(
    "VAR_DIR",
    "Where the program keeps what it makes; the image sets /data.",
    example="/data",
    otherwise="var/ beside the code",
)
STATIC_ROOT = _server.text(
    "STATIC_ROOT",
    "Where static files are collected.",
    example="/app/static",
    otherwise="static/ below VAR_DIR",
)

# -- Django ---------------------------------------------------------------------------------------

_django = Section("Django")

DJANGO_SETTINGS_MODULE = _django.text(
    "DJANGO_SETTINGS_MODULE",
    "config.settings.local, config.settings.production or config.settings.test.",
    example="config.settings.local",
    otherwise="manage.py: config.settings.local; gunicorn: config.settings.production",
)
DEBUG = _django.switch("DEBUG", "Error pages with details; local settings only.", default=False)
SECRET_KEY = _django.text(
    "SECRET_KEY",
    "What sessions and signed links are signed with; 50 random characters or more.",
    otherwise="made once, in var/secret_key (local)",
    needed=_IN_PRODUCTION,
    how=f"Make one with: {MAKE_SECRET}",
    is_secret=True,
)
SECRET_KEY_FALLBACKS = _django.names(
    "SECRET_KEY_FALLBACKS",
    "Former keys, which stay valid for a while after a change (production).",
    is_secret=True,
)
ALLOWED_HOSTS = _django.names(
    "ALLOWED_HOSTS",
    "Hosts served.",
    example="api.example.org",
    otherwise="this machine, and HOST (local)",
    needed=_IN_PRODUCTION,
    how="Name the hosts served, separated by commas: api.example.org.",
)
CSRF_TRUSTED_ORIGINS = _django.names(
    "CSRF_TRUSTED_ORIGINS",
    "Origins whose forms are trusted, with scheme: behind a proxy that changes the host.",
    example="https://api.example.org",
)
DEMO_MODE = _django.switch(
    "DEMO_MODE",
    "A demonstration in a frame of huggingface.co: cookies for that, and a notice that nothing "
    "lasts. The image `demo` sets it.",
    default=False,
)
API_TOKEN_TTL_DAYS = _django.integer(
    "API_TOKEN_TTL_DAYS", "Days that an API token lives unless said otherwise.", default=90, least=1
)
IDEMPOTENCY_TTL_HOURS = _django.integer(
    "IDEMPOTENCY_TTL_HOURS",
    "Hours that idempotency keys and their answers are kept (`manage.py purge_idempotency_keys`).",
    default=24,
    least=24,
)

# -- limits ---------------------------------------------------------------------------------------

_limits = Section("Limits (docs/reference/limits.md); 0: no limit")

API_TOKENS_PER_USER = _limits.integer(
    "API_TOKENS_PER_USER",
    "Active tokens of a user, above which none is made over the API.",
    default=limits.TOKENS_PER_USER,
    least=0,
)
RATE_LIMIT_REQUESTS_PER_MINUTE = _limits.integer(
    "RATE_LIMIT_REQUESTS_PER_MINUTE",
    "Requests a minute and token; a token may have its own.",
    default=limits.REQUESTS_PER_MINUTE,
    least=0,
)
RATE_LIMIT_ROWS_PER_MINUTE = _limits.integer(
    "RATE_LIMIT_ROWS_PER_MINUTE",
    "Rows of batches a minute and token; a token may have its own.",
    default=limits.ROWS_PER_MINUTE,
    least=0,
)
RATE_LIMIT_FAILURES_PER_MINUTE = _limits.integer(
    "RATE_LIMIT_FAILURES_PER_MINUTE",
    "Failed authentications a minute and address.",
    default=limits.FAILURES_PER_MINUTE,
    least=0,
)
CONCURRENCY_PER_TOKEN = _limits.integer(
    "CONCURRENCY_PER_TOKEN",
    "Requests of one token that a worker handles at once.",
    default=None,
    otherwise="one less than WEB_THREADS",
    example="3",
    least=0,
)
TRUSTED_PROXIES = _limits.names(
    "TRUSTED_PROXIES",
    "Whose X-Forwarded-For is believed: how many proxies stand in front (needed behind a UNIX "
    "socket), or their networks.",
    example="10.1.0.0/16,2001:db8::/32",
    otherwise="nobody's",
)
#: By format: the largest body of a batch that is read.
BATCH_BYTES_MAX: Final[dict[str, Variable[int]]] = {
    form: _limits.integer(
        f"BATCH_{form.upper()}_BYTES_MAX",
        f"The largest body of a batch of {form.upper()} that is read, bytes.",
        default=most,
        least=1,
    )
    for form, most in limits.BATCH_BODY_BYTES.items()
}

# -- signing in -----------------------------------------------------------------------------------

_sign_in = Section("Signing in to the admin (docs/how-to/grant-roles.md)")

SIGN_IN_FAILURES_MAX = _sign_in.integer(
    "SIGN_IN_FAILURES_MAX",
    "Failures of one user from one address that lock the pair out.",
    default=limits.SIGN_IN_FAILURES,
    least=1,
)
SIGN_IN_LOCKED_MINUTES = _sign_in.integer(
    "SIGN_IN_LOCKED_MINUTES",
    "For how many minutes they are locked out.",
    default=limits.SIGN_IN_LOCKED_MINUTES,
    least=1,
)
SESSION_IDLE_MINUTES = _sign_in.integer(
    "SESSION_IDLE_MINUTES",
    "Minutes that a session may be idle.",
    default=limits.SESSION_IDLE_MINUTES,
    least=1,
)
SESSION_HOURS_MAX = _sign_in.integer(
    "SESSION_HOURS_MAX",
    "Hours that a session may last.",
    default=limits.SESSION_HOURS,
    least=1,
)

# -- TLS ------------------------------------------------------------------------------------------

_tls = Section("TLS (production only)")

SECURE_SSL_REDIRECT = _tls.switch(
    "SECURE_SSL_REDIRECT", "Redirect http to https (but /livez and /readyz).", default=True
)
BEHIND_TLS_PROXY = _tls.switch(
    "BEHIND_TLS_PROXY",
    "True only behind a proxy that sets X-Forwarded-Proto itself on every request.",
    default=False,
)
SECURE_HSTS_SECONDS = _tls.integer(
    "SECURE_HSTS_SECONDS", "How long browsers insist on https.", default=365 * 24 * 3600, least=0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = _tls.switch(
    "SECURE_HSTS_INCLUDE_SUBDOMAINS", "Whether for subdomains too.", default=True
)
SECURE_HSTS_PRELOAD = _tls.switch(
    "SECURE_HSTS_PRELOAD", "Whether in the browsers' built-in lists too.", default=True
)

# -- model ----------------------------------------------------------------------------------------

_model = Section("Model")

MLFLOW_TRACKING_URI = _model.text(
    "MLFLOW_TRACKING_URI",
    "MLflow's tracking server. Without one PostgreSQL alone is the registry.",
    example="https://mlflow.example.org",
    otherwise="local: a SQLite file below VAR_DIR; production and DEMO_MODE: none",
    is_secret=True,  # may hold a password
)
MODEL_POLL_SECONDS = _model.number(
    "MODEL_POLL_SECONDS",
    "Seconds between two looks of a worker for a new champion; 0: only a restart takes one up.",
    default=2.0,
    least=0,
)
SHADOW_SHARE = _model.number(
    "SHADOW_SHARE",
    "Share of the inputs that `manage.py shadow_predictions` lets the challenger score, 0 to 1.",
    default=0.1,
    least=0,
    most=1,
)

# -- observability --------------------------------------------------------------------------------

_observability = Section("Observability (docs/how-to/observe.md); unset: off")

METRICS_TOKEN = _observability.text(
    "METRICS_TOKEN",
    "Who sends it as a bearer token reads /metrics; 32 random characters or more.",
    how=f"Make one with: {MAKE_SECRET}",
    is_secret=True,
)
METRICS_PORT = _observability.integer(
    "METRICS_PORT",
    "Another port that answers /metrics alone, to anybody who reaches it: keep it inside.",
    default=0,
    example="9100",
    otherwise="none",
    least=0,
    most=_PORT_MAX,
)
PROMETHEUS_MULTIPROC_DIR = _observability.text(
    "PROMETHEUS_MULTIPROC_DIR",
    "Where workers keep what they count; gunicorn makes it and takes it away.",
    otherwise="a private directory in memory",
)

SENTRY_DSN = _observability.text(
    "SENTRY_DSN",
    "Where errors are reported to; without inputs, addresses or tokens.",
    example="https://key@sentry.example.org/1",
    is_secret=True,
    pattern=r"https?://\S+@\S+/\d+",
    right="like https://key@sentry.example.org/1",
)
SENTRY_ENVIRONMENT = _observability.text(
    "SENTRY_ENVIRONMENT", "What error reports call this deployment.", default="production"
)
OTEL_EXPORTER_OTLP_ENDPOINT = _observability.text(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "The OpenTelemetry collector that traces go to, by OTLP over HTTP.",
    example="http://collector:4318",
    pattern=r"https?://\S+",
    right="like http://collector:4318",
)
OTEL_EXPORTER_OTLP_HEADERS = _observability.text(
    "OTEL_EXPORTER_OTLP_HEADERS",
    "Headers for the collector, such as its token.",
    read_by="opentelemetry",
    is_secret=True,
)
OTEL_SERVICE_NAME = _observability.text(
    "OTEL_SERVICE_NAME", "What traces call this service.", default="futurisys-energy"
)
OTEL_TRACES_SAMPLER = _observability.text(
    "OTEL_TRACES_SAMPLER",
    "Which requests are traced; parentbased_traceidratio with OTEL_TRACES_SAMPLER_ARG, a share.",
    default="parentbased_always_on",
    read_by="opentelemetry",
)
OTEL_TRACES_SAMPLER_ARG = _observability.text(
    "OTEL_TRACES_SAMPLER_ARG",
    "The share of requests that is traced, 0 to 1.",
    example="0.05",
    read_by="opentelemetry",
)

# -- pipeline and tests ---------------------------------------------------------------------------

_pipeline = Section("Pipeline and tests")

SMOKE_TOKEN = _pipeline.text(
    "SMOKE_TOKEN",
    "An API token of the deployment that `python -m deploy.smoke` tries.",
    read_by="deploy/smoke.py",
    is_secret=True,
)
HF_TOKEN = _pipeline.text(
    "HF_TOKEN",
    "May write the Space that `python -m deploy.space` deploys to.",
    read_by="deploy/space.py",
    is_secret=True,
)
REAL_DATA_DIR = _pipeline.text(
    "REAL_DATA_DIR",
    "Directory of the city's real files; tests that need them are skipped without it.",
    example="../shared/data",
    read_by="tests/",
)

SECTIONS: Final = (
    _database,
    _server,
    _django,
    _limits,
    _sign_in,
    _tls,
    _model,
    _observability,
    _pipeline,
)
VARIABLES: Final[tuple[Variable[Any], ...]] = tuple(
    variable for section in SECTIONS for variable in section.variables
)
