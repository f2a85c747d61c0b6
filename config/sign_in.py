"""What django-axes asks of us: whose attempt it is, what goes on the record, and what is said to
who is locked out."""

import time
from collections.abc import Callable
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from predictions.api.addresses import client_address
from predictions.services.staff_log import StaffAction, staff_action_log

Handler = Callable[[HttpRequest], HttpResponse]

#: Members of a session: when it began, and when it was last known to be in use, s since 1970.
_BEGAN_AT: Final = "began_at"
_USED_AT: Final = "used_at"
#: The latter is written at most so often, s: a page costs no write.
_PRECISION_S: Final = 60


class SessionAgeMiddleware:
    """Keeps a session of staff alive while it is in use, up to SESSION_AGE_MAX."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_admin = request.path_info.startswith("/admin/")  # nothing else has to read a session
        if is_admin and settings.SESSION_COOKIE_NAME in request.COOKIES:
            now = int(time.time())
            session = request.session
            began_at = session.get(_BEGAN_AT)
            if began_at is not None and now - began_at > settings.SESSION_AGE_MAX:
                session.flush()
            elif began_at is not None and now - session[_USED_AT] >= _PRECISION_S:
                session[_USED_AT] = now  # saved with the answer, and with it when it expires
        return self.get_response(request)


class Attempts(AxesDatabaseHandler):
    """Counts failures as django-axes does; who comes in and leaves is in the log of staff."""

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        request.session[_BEGAN_AT] = request.session[_USED_AT] = int(time.time())
        self._log(StaffAction.SIGNED_IN, request, user)

    def user_logged_out(
        self, sender: Any, request: HttpRequest, user: User | None, **kwargs: Any
    ) -> None:
        super().user_logged_out(sender, request, user, **kwargs)
        if user is not None:
            self._log(StaffAction.SIGNED_OUT, request, user)

    def remove_out_of_limit_failure_logs(self, **kwargs: Any) -> int:
        """None is removed: PostgreSQL would refuse it."""
        return 0

    @staticmethod
    def _log(action: StaffAction, request: HttpRequest, user: User) -> None:
        address = client_ip(request)
        staff_action_log(user=user, action=action, target=user, said=f"from {address}")


def client_ip(request: HttpRequest) -> str | None:
    """The caller's address, as far as TRUSTED_PROXIES lets it be believed."""
    address = client_address(request.META)
    return None if address is None else str(address)


def username_kept(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """The name that an attempt is counted and kept under.

    People type passwords into the wrong box: a name that nobody has is kept as a keyed digest,
    which counts as well and says nothing.
    """
    source = request.POST if credentials is None else credentials
    name = source.get("username")
    if not isinstance(name, str):
        return None
    known = User.objects.filter(username=name).values_list("username", flat=True).first()
    return known or f"unknown-{salted_hmac('config.sign_in', name).hexdigest()[:16]}"


def locked_out_page(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None
) -> HttpResponse:
    """429, in the admin's own look; says nothing of whether there is such a user."""
    minutes = settings.SIGN_IN_LOCKED_MINUTES
    context = {
        **site.each_context(request),
        "title": _("Locked out"),
        "failures": settings.SIGN_IN_FAILURES_MAX,
        "minutes": minutes,
    }
    page = TemplateResponse(
        request,
        "config/locked_out.html",
        context,
        status=settings.AXES_HTTP_RESPONSE_CODE,
        headers={"Retry-After": str(60 * minutes)},
    )
    add_never_cache_headers(page)
    return page.render()
