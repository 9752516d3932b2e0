#!/bin/sh
# Runs a script with the pinned Bun: the one on the machine, else the one from the npm registry. Installs packages first.
set -eu
cd "$(dirname "$0")/.."
wanted=$(sed -n 's/.*"bun": "\([0-9.]*\)".*/\1/p' package.json)

is_wanted() { [ "$("$1" --version 2>/dev/null || true)" = "$wanted" ]; }

bun=""
for candidate in "$(command -v bun || true)" node_modules/.bin/bun; do
  if [ -n "$candidate" ] && is_wanted "$candidate"; then bun=$candidate; break; fi
done

if [ ! -f node_modules/.installed ] || [ bun.lock -nt node_modules/.installed ]; then
  if [ -n "$bun" ]; then
    "$bun" install --frozen-lockfile
  elif command -v npx >/dev/null; then
    npx --yes --allow-scripts=bun "bun@$wanted" install --frozen-lockfile
  elif command -v bun >/dev/null; then
    bun install --frozen-lockfile
  else
    echo "Isengard needs Bun $wanted or Node.js 20 with npm. Neither was found." >&2
    exit 1
  fi
  touch node_modules/.installed
fi
if [ -z "$bun" ]; then bun=node_modules/.bin/bun; fi
if ! is_wanted "$bun"; then node node_modules/bun/install.js >/dev/null 2>&1 || true; fi
is_wanted "$bun" || { echo "Bun $wanted could not be installed; found: $("$bun" --version 2>&1 | head -n 1)" >&2; exit 1; }

script=$1
shift
PATH="$(dirname "$(command -v "$bun")"):$PATH" exec "$bun" "$script" "$@"
