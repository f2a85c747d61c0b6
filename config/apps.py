from django.apps import AppConfig
from django.core import checks


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.checks import check_databases
        from config.telemetry import telemetry_start

        checks.register(check_databases)
        telemetry_start()
