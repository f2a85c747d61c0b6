"""`manage.py run`: setup, then serve, in one process: secrets come last, where they are seen."""

from typing import Any

from config.management.commands import serve
from config.server import login_text
from config.setup import Setup


class Command(serve.Command):
    help = "Prepare everything (`setup`), then serve (`serve`)."

    def handle(self, *args: Any, **options: Any) -> None:
        serve.free_address()  # rather complain before anything is made
        setup = Setup(self.stdout)
        try:
            setup.run()
            self.serve(setup.secrets)
        finally:
            if setup.secrets.is_to_be_shown:  # not served, or not yet
                self.stdout.write(login_text(setup.secrets))
