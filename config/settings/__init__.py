"""One module an environment: `local` (default), `test`, `production`; all start from `base`."""
