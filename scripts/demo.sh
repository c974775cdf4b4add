#!/bin/bash
# The main job of mithaq in one go, by its public commands alone. Run by `make demo`.
set -euo pipefail

mithaq="$BIN/mithaq"
began=$SECONDS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -t 1 ]; then
    export FORCE_COLOR=1
    COLUMNS=$(tput cols 2>/dev/null || echo 100)
else
    COLUMNS=100
fi
export COLUMNS

# step LINES QUESTION COMMAND...: run a command and show the first lines of its answer.
step() {
    local lines=$1 question=$2
    shift 2
    printf '\n== %s\n$ mithaq %s\n\n' "$question" "$*"
    "$mithaq" "$@" >"$work/answer"
    head -n "$lines" "$work/answer"
    local all
    all=$(wc -l <"$work/answer")
    if [ "$all" -gt "$lines" ]; then printf '[... %s more lines]\n' "$((all - lines))"; fi
}

# The report values the agreement, which takes longest; it is written while the rest is shown.
report=(report "$CASE" --lang "$LANG_REPORT" --out report.html)
"$mithaq" "${report[@]}" >"$work/report" 2>"$work/report-errors" &
writing=$!

step 24 "What stood on 1 March 2007?" state "$CASE" --at 2007-03-01
step 24 "And at the end of that year?" state "$CASE" --at 2007-12-31
step 24 "Where do the sources contradict each other?" check "$CASE"
step 24 "Who had granted what to whom by the end of 2008?" \
    balance "$CASE" --between Algeria Russia --at 2008-12-31
step 24 "Who sold gas to whom in 2010, and at what price?" market "$CASE"

printf '\n== All of it, and what the agreement would be worth\n$ mithaq %s\n\n' "${report[*]}"
if ! wait "$writing"; then
    cat "$work/report-errors" >&2
    exit 1
fi
cat "$work/report"

printf '\nDone in %s s. Open report.html in a browser.\n' "$((SECONDS - began))"
printf 'Next: %s worth %s %s, or %s --help\n' "$mithaq" "$CASE" "$AGREEMENT" "$mithaq"
