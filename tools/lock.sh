#!/bin/sh
# Writes the lock files anew from pyproject.toml: exact versions with hashes, no index named.
set -eu
cd "$(dirname "$0")/.."
lock() { # output, then what goes in
  out=$1; shift
  .venv/bin/uv pip compile pyproject.toml "$@" --python-version 3.11 --universal --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --quiet -o "requirements/$out"
}
lock core.lock
lock dev.lock --extra model --group dev
.venv/bin/uv pip compile --group bootstrap --python-version 3.11 --universal --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --quiet -o requirements/bootstrap.lock
