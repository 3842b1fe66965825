#!/usr/bin/env bash
# Validates the declarations, tests in staging, then in production. Stops at the first failure, with its exit code.
# Needs BLAND_API_KEY, and for Pulumi's state PULUMI_ACCESS_TOKEN, or PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

step() { # step NAME COMMAND…
  local name=$1 code=0
  shift
  printf '\n== %s: %s\n' "${name}" "$*"
  "$@" || code=$?
  if ((code != 0)); then
    printf 'deploy: %s failed with exit code %d; the later steps were not run\n' "${name}" "${code}" >&2
    exit "${code}"
  fi
}

step validate tornado-resource validate
step state tornado-resource check-state --stack staging
step staging pulumi up --yes --skip-preview --suppress-outputs --non-interactive --stack staging
step state tornado-resource check-state --stack production
step production pulumi up --yes --skip-preview --suppress-outputs --non-interactive --stack production
printf '\ndeploy: staging and production passed; the reports are in %s\n' "${PWD}/reports"
