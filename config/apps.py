from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.checks import check_databases
        from config.labels import translate_labels
        from config.telemetry import telemetry_start

        checks.register(check_databases)
        translate_labels()
        telemetry_start()


class SignInsConfig(AxesConfig):
    """django-axes, by a name that says something to staff."""

    verbose_name = gettext_lazy("Sign-ins")
