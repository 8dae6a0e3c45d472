# tests/lib/box.sh: what tests in bash share. Sourced by them: . "$TESTS/lib/box.sh"
# $BOX is the name of the running box; every test prints `ok - name` or `not ok - name: why`.
# shellcheck shell=bash

TESTS=${TESTS:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)}
BOX=${BOX:-box}
failures=0

box() {
        local verb=$1
        shift
        "$TESTS/../images/box" "$verb" --name "$BOX" "$@"
}

# Runs a command in the box as root.
in_box() {
        box sh -- "$@"
}

# The root directory of the running box as the host sees it. Asking takes dozens of processes, so it is done once for each start of a box.
box_root() {
        box_find
        echo "/proc/$found_leader/root"
}

# Called in the test's own shell what it finds is known to all subshells.
box_find() {
        [ "${found_box:-}" != "$BOX" ] || [ ! -e "/proc/$found_leader/root/run/systemd" ] || return 0
        found_leader=$(box status --json | jq -r .leader)
        found_box=$BOX
}

# Makes a box of one's own with the name of the suite's and a suffix, and works with that one from here on. It goes
# away with the test.
own_box() {
        BOX=${BOX_PREFIX:-t}-$1
        shift
        trap 'box rm >/dev/null 2>&1' EXIT
        box up --fresh "$@" && box_find
}

# Prints the answer of the API on the admin socket, as root: api METHOD PATH [JSON]. Fails unless it is a good one.
api() {
        api_curl --fail-with-body "$@"
}

# The same, but prints only the HTTP status.
api_status() {
        api_curl --output /dev/null --write-out '%{http_code}' "$@"
}

api_curl() {
        local options=()
        box_find
        while [[ $1 == --* ]]; do
                case $1 in
                --fail-with-body) options+=("$1"); shift ;;
                *) options+=("$1" "$2"); shift 2 ;;
                esac
        done
        curl -sS --max-time 60 --unix-socket "$(box_root)/run/steadbox/admin.sock" "${options[@]}" -X "$1" \
                ${3:+-H 'Content-Type: application/json' --data-binary "$3"} "http://localhost/api/v1$2"
}

# The same over https with a cookie jar of this test: web METHOD PATH [JSON].
web() {
        local url
        url=$(box status --json | jq -r .url)
        : "${COOKIES:=$(mktemp)}"
        curl -sSk --max-time 60 --fail-with-body -b "$COOKIES" -c "$COOKIES" -H "Origin: ${url%/}" -X "$1" \
                ${3:+-H 'Content-Type: application/json' --data-binary "$3"} "${url%/}/api/v1$2"
}

# Waits until a job has ended and prints it: wait_job ID
wait_job() {
        local i job
        box_find
        for ((i = 0; i < 1800; i++)); do
                job=$(api GET "/jobs/$1") || return 1
                case $(jq -r .state <<<"$job") in
                done | failed | cancelled) echo "$job"; return ;;
                esac
                sleep 0.1
        done
        return 1
}

ok() {
        echo "ok - $1"
}

not_ok() {
        echo "not ok - $1${2:+: ${2//$'\n'/ }}"
        failures=$((failures + 1))
}

# check NAME COMMAND...: passes when the command does.
check() {
        local name=$1 out
        shift
        if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$(tail -n 3 <<<"$out")"; fi
}

# is NAME GOT EXPECTED
is() {
        if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', expected '$3'"; fi
}

# like NAME GOT REGEX
like() {
        if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "got '$2', which is not like '$3'"; fi
}

# Prints how many seconds shell text takes in the box: the shortest of five runs, as others may keep the machine busy. Measured
# inside, since entering the box takes its own time.
shortest() {
        local i
        for ((i = 0; i < 5; i++)); do
                in_box bash -c "TIMEFORMAT=%R; time { $1; }" 2>&1 | tail -n 1
        done | sort -n | head -n 1
}

# Waits up to $1 seconds for a command to succeed. Be generous: it costs time only where something is broken.
wait_for() {
        local deadline=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ $SECONDS -lt $deadline ] || return 1
                sleep 0.2
        done
}
