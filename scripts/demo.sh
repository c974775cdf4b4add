#!/bin/bash
# The main job of mithaq in one go, by its public commands alone. Run by `make demo`.
set -euo pipefail

mithaq="$BIN/mithaq"
began=$SECONDS

step() {
    printf '\n\033[1m%s\033[0m\n' "$1"
    shift
    printf '$ mithaq %s\n\n' "$*"
    "$mithaq" "$@"
}

step "What stood on 1 March 2007?" state "$CASE" --at 2007-03-01
step "And at the end of that year?" state "$CASE" --at 2007-12-31
step "Where do the sources contradict each other?" check "$CASE"
step "Who had granted what to whom by the end of 2008?" \
    balance "$CASE" --between Algeria Russia --at 2008-12-31
step "Who sold gas to whom in 2010, and at what price?" market "$CASE"
step "What would the agreement be worth, and each leg of it?" worth "$CASE" "$AGREEMENT"
step "All of it on one page" report "$CASE" --lang "$LANG_REPORT" --out report.html

printf '\nDone in %s s. Open report.html in a browser; `%s --help` lists the commands.\n' \
    "$((SECONDS - began))" "$mithaq"
