"""How staff sign in and stay signed in: limits of attempts, sessions, cookies."""

from datetime import timedelta

from config import variables

# The first backend refuses who is locked out; the second knows the passwords.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

#: So many failures of one user from one address lock that pair out, for so long.
SIGN_IN_FAILURES_MAX: int = variables.SIGN_IN_FAILURES_MAX.read()
SIGN_IN_LOCKED_MINUTES: int = variables.SIGN_IN_LOCKED_MINUTES.read()
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES_MAX
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_LOCKED_MINUTES)
# By user alone, anybody could lock anybody out; by address alone, an office.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# Who goes on trying does not prolong it: the owner of the name gets in when the time is over.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_HANDLER = "config.sign_in.Attempts"
AXES_CLIENT_IP_CALLABLE = "config.sign_in.client_ip"
AXES_USERNAME_CALLABLE = "config.sign_in.username_kept"
AXES_LOCKOUT_CALLABLE = "config.sign_in.locked_out_page"
# Each failure is a row that nobody changes. Sign-ins and sign-outs are in the log of staff's
# actions.
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # `predictions.admin.sign_ins` has pages on which nothing can be changed
AXES_VERBOSE = False
AXES_ALLOWED_CORS_ORIGINS = ""

#: A session ends when it was idle for so long, with the browser, and after so many hours, s.
SESSION_COOKIE_AGE: int = 60 * variables.SESSION_IDLE_MINUTES.read()
SESSION_AGE_MAX: int = 3600 * variables.SESSION_HOURS_MAX.read()
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
