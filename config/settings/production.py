"""Production: every secret from the environment, none with a default; TLS everywhere."""

from django.core.exceptions import ImproperlyConfigured

from config import variables
from config.env import database_from_url
from config.logging import logging_settings
from config.settings.base import *  # noqa: F403 -- that is what settings modules do

DEBUG = False
SECRET_KEY = variables.strong(variables.SECRET_KEY, variables.SECRET_KEY.required(), shortest=50)
# After a change of SECRET_KEY, the former ones keep sessions and signed links valid for a while.
SECRET_KEY_FALLBACKS: list[str] = variables.SECRET_KEY_FALLBACKS.read()
ALLOWED_HOSTS = variables.ALLOWED_HOSTS.required()
if "*" in ALLOWED_HOSTS:  # links in answers are made of the host that a caller names
    raise ImproperlyConfigured(f"ALLOWED_HOSTS must not be *. {variables.ALLOWED_HOSTS.how}")
DATABASES = {"default": database_from_url(variables.DATABASE_URL.required())}

SECURE_SSL_REDIRECT = variables.SECURE_SSL_REDIRECT.read()
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # probes of the platform come without TLS
SECURE_HSTS_SECONDS = variables.SECURE_HSTS_SECONDS.read()
SECURE_HSTS_INCLUDE_SUBDOMAINS = variables.SECURE_HSTS_INCLUDE_SUBDOMAINS.read()
SECURE_HSTS_PRELOAD = variables.SECURE_HSTS_PRELOAD.read()
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Browsers take a cookie of such a name from this host itself only, over TLS, for all of it.
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
LANGUAGE_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS: list[str] = variables.CSRF_TRUSTED_ORIGINS.read()
# Only behind a proxy that sets the header itself on every request: a client could forge it.
if variables.BEHIND_TLS_PROXY.read():
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Versions are kept in PostgreSQL alone unless a tracking server is named: a container has no disk
# of its own to keep MLflow's on.
MLFLOW_TRACKING_URI = variables.MLFLOW_TRACKING_URI.read()

LOGGING = logging_settings(style="json", level=variables.LOG_LEVEL.read())
