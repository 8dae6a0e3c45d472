# tests/lib/suites.sh: one function per suite of tests/run. Each prints verdicts and keeps going after a failure.
# shellcheck shell=bash disable=SC2154

# Boxes of this checkout only, so that two checkouts can be tested side by side.
box_prefix=t$(echo "$source_dir" | hash_of | cut -c 1-4)
strands= strand_said=

ok() {
        echo "ok - $1"
}

not_ok() {
        echo "not ok - $1${2:+: $2}"
}

# Runs a command as one test: step NAME LOG COMMAND...
step() {
        local name=$1 log=$logs/$2 started=$SECONDS
        shift 2
        if "$@" >"$log" 2>&1; then
                ok "$name"
        else
                tail -n 30 "$log" | sed 's/^/    /'
                not_ok "$name" "see $log"
                return 1
        fi
}

# The results come through a pipe into a background grep; give it time to write them down.
wait_for_tee() {
        sleep 0.2
}

# Also those that a test made for itself and did not live to remove.
remove_boxes() {
        local dir
        for dir in "${STEADBOX_BOXES:-/var/lib/steadbox-boxes}/$box_prefix"-*; do
                [ ! -d "$dir" ] || "$source_dir/images/box" rm --name "${dir##*/}" >/dev/null 2>&1 || :
        done
        browser_net_end
}

# --- strands ------------------------------------------------------------------------------------------------------------

# What mostly waits goes side by side, each strand in a process of its own: strand SECONDS NAME COMMAND... says about how long it takes,
# as the longest start first. Its lines come in one piece whenever one of its programs has ended.
strand_list=()

strand() {
        strand_list+=("$(printf '%q ' "$@")")
}

# One more at a time than there are processors, as each of them waits now and then; those that run gently are not counted.
gentle_strands=0
run_strands() {
        local line words at_once=${STEADBOX_STRANDS:-$(($(nproc) + 1 + gentle_strands))}
        exec 7>&1
        while IFS= read -r line; do
                while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do
                        wait -n
                done
                eval "words=($line)"
                run_strand "${words[@]:1}" &
        done < <(printf '%s\n' "${strand_list[@]}" | sort -rn)
        wait
}

run_strand() {
        local name=$1
        shift
        strand_said=$strands/$name.said
        echo "$BASHPID" >"$strands/$name.pid"
        exec >>"$strand_said" 2>&1 </dev/null
        "$@"
        publish
        rm -f "$strands/$name.pid"
}

# Hands on what this strand has said so far, whole and not mixed with others' words.
publish() {
        [ -n "${strand_said:-}" ] || return 0
        {
                flock 6
                cat "$strand_said" >&7
                : >"$strand_said"
        } 6>"$strands/lock"
}

# On two busy processors a browser or a daemon can miss any deadline, so what failed beside others is tried once more: alone, in a fresh
# box. Its second word counts, and it is named at the end, as it needs mending either way. More than three failures are no accident.
run_again() {
        local program code log
        [ -s "$strands/again" ] || return 0
        if [ "$(wc -l <"$strands/again")" -gt 3 ]; then
                echo "# too many programs failed beside others to try them again"
                while IFS=$'\t' read -r code program; do
                        log=$logs/$(suite_of "$program" | tr / -)-${program##*/}.log
                        echo "# $program"
                        sed "$indent_others" "$log"
                        verdict_of "${program##*/}" "$code" "$log"
                done <"$strands/again"
                return
        fi
        while IFS=$'\t' read -r code program; do
                log=$logs/$(suite_of "$program" | tr / -)-${program##*/}.log
                mv "$log" "${log%.log}.first.log"
                echo "# again, alone: ${program#"$source_dir/"} (the first time: ${log%.log}.first.log)"
                run_alone "$program" </dev/null
        done <"$strands/again"
}

# Not what takes hours.
may_try_again() {
        [[ $1 != */all/* ]]
}

run_alone() {
        case $1 in
        */tests/vm/* | */tests/integration/*) box_environment ;;
        *) need_node_tests ;;
        esac
        if has_own_box "$1" || [[ $1 == */tests/vm/* ]]; then
                run_program "$1"
        elif suite_box again; then
                [[ $1 != */tests/ui/* ]] || browser_net
                run_program "$1"
                browser_net_end
                suite_box_end again
        fi
}

# Whoever interrupts the run ends the programs, too.
end_strands() {
        local file
        for file in "$strands"/*.pid; do
                [ ! -f "$file" ] || kill "$(cat "$file")" 2>/dev/null || :
        done
}

native_packages="gcc clang llvm libclang-rt-dev meson ninja-build pkgconf python3 jq libsystemd-dev libsqlite3-dev
 libsodium-dev libmicrohttpd-dev libjansson-dev nettle-dev libnl-3-dev libnl-route-3-dev libidn2-dev libunistring-dev libpsl-dev libldns-dev libyaml-dev minisign
 libarchive-dev libcurl4-gnutls-dev knot knot-dnsutils unbound zstd"

need_native() {
        # Debian 12 has the sanitizers' run time in clang's own package.
        local packages=$native_packages
        apt-cache show libclang-rt-dev >/dev/null 2>&1 || packages=${packages/libclang-rt-dev/}
        need_packages $packages
}

# --- checks ---------------------------------------------------------------------------------------------------------

# Each program in tests/checks is one test, or several where it prints verdicts of its own.
suite_checks() {
        need_native
        run_programs "$source_dir/tests/checks"
}

# Runs the programs of a folder in order.
run_programs() {
        local program found=no
        for program in "$1"/[0-9][0-9]*; do
                [ -x "$program" ] && [ -f "$program" ] || continue
                found=yes
                run_program "$program"
        done
        [ $found = yes ]
}

# Runs one program with a time limit. One that says nothing speaks by its exit status. One that fails beside others has no verdict yet.
run_program() {
        local program=$1 name=${1##*/} suite log code pid_file started=$SECONDS program_pid
        suite=$(suite_of "$program")
        log=$logs/${suite//\//-}-$name.log
        pid_file=${strands:+$strands/${suite//\//-}-$name.pid}
        # Into a file and not a pipe: what a test leaves running must not hold the others up.
        : >"$log"
        timeout --kill-after=30 "${program_timeout:-1500}" "$program" </dev/null >"$log" 2>&1 7>&- &
        program_pid=$!
        [ -z "$pid_file" ] || echo $program_pid >"$pid_file"
        [ -n "$strand_said" ] || tail --pid=$program_pid --lines=+1 --follow "$log" | sed -u "$indent_others"
        wait $program_pid
        code=$?
        [ -z "$pid_file" ] || rm -f "$pid_file"
        if [ -z "$strand_said" ]; then
                verdict_of "$name" "$code" "$log"
                return
        fi
        echo "# ${suite//\//-}/$name took $((SECONDS - started)) s"
        if may_try_again "$program" && ! { [ "$code" = 0 ] && ! grep -q '^not ok' "$log"; }; then
                echo "# it did not pass beside others, and is to be tried again alone:"
                sed 's/^/    /' "$log"
                printf '%s\t%s\n' "$code" "$program" >>"$strands/again"
        else
                sed "$indent_others" "$log"
                verdict_of "$name" "$code" "$log"
        fi
        publish
}

indent_others='/^\(not \)\?ok/!s/^/    /'

suite_of() {
        local suite=${1#*/tests/}
        echo "${suite%/*}"
}

# What a program did not say itself: verdict_of NAME STATUS LOG.
verdict_of() {
        if ! grep -qE '^(not )?ok' "$3"; then
                if [ "$2" = 0 ]; then ok "$1"; else not_ok "$1" "$(failure "$2" "$3")"; fi
        elif [ "$2" != 0 ] && ! grep -q '^not ok' "$3"; then
                not_ok "$1" "$(failure "$2" "$3")"
        fi
}

failure() {
        if [ "$1" = 124 ] || [ "$1" = 137 ]; then
                echo "took longer than ${program_timeout:-1500} s"
        else
                echo "exit status $1: $(grep -vE '^ok' "$2" | tail -n 1)"
        fi
}

# --- unit -------------------------------------------------------------------------------------------------------------

# Whether a build folder was made with these options and no others: is_set_up DIRECTORY OPTION...
is_set_up() {
        diff -q <(printf '%s\n' "${@:2}" | sed 's/^-D//; s/=/ = /') <(sed '1d; /^$/,$d' "$1/meson-private/cmd_line.txt") >/dev/null 2>&1
}

# Builds natively in a folder of its own and runs meson's tests: native_build NAME COMPILER OPTION...
native_build() {
        local name=$1 compiler=$2 dir=$source_dir/build-$1
        shift 2
        set -- -Dwerror=true "$@"
        if [ ! -f "$dir/build.ninja" ] || ! is_set_up "$dir" "$@"; then
                rm -rf "$dir"
                step "$name: configures" "unit-$name-setup.log" env CC="$compiler" meson setup "$dir" "$source_dir" "$@" || return 1
        fi
        step "$name: compiles without warnings" "unit-$name-build.log" ${native_with:-} ninja -C "$dir" ${native_target:+"$native_target"}
}

# meson_tests BUILD "SUITE ..." [VARIABLE=VALUE...]
meson_tests() {
        local name=$1 suite which=() dir=$source_dir/build-$1 log json code lines
        for suite in $2; do
                which+=(--suite "$suite")
        done
        shift 2
        log=$logs/unit-$name-tests.log
        json=$dir/meson-logs/testlog.json
        rm -f "$json"
        # Three programs side by side: most wait for the disk or for another process. Those that judge how long something took take the
        # shortest of several tries, as others keep the machine busy.
        env "$@" meson test -C "$dir" --no-rebuild "${which[@]}" --num-processes 3 --timeout-multiplier 4 >"$log" 2>&1
        code=$?
        if [ ! -s "$json" ] || ! lines=$(jq -r --arg build "$name" '
                if .result == "OK" or .result == "EXPECTEDFAIL" or .result == "SKIP" then "ok - \($build): \(.name)"
                else "not ok - \($build): \(.name): \(.result)", ((.stdout // "", .stderr // "") | split("\n")[-15:][] | "    " + .) end' \
                "$json"); then
                not_ok "$name: its tests run" "see $log"
                return 1
        fi
        echo "$lines"
        [ $code = 0 ] || grep -q '^not ok' <<<"$lines" || not_ok "$name: its tests run" "exit status $code, see $log"
}

# Tests mostly wait: what they leave of the processors meanwhile builds what is needed next. The API's tests run with sanitizers, and
# cli, walk and people also against a box, which has what gcc made (integration).
suite_unit() {
        local gcc=no building
        need_native
        native_build gcc gcc && gcc=yes
        native_with='nice -n 19' sanitize_build >"$logs/unit-sanitize.said" &
        building=$!
        [ $gcc = no ] || meson_tests gcc unit
        wait $building
        building=$?
        cat "$logs/unit-sanitize.said"
        [ $building = 0 ] || return
        case " ${suites[*]} " in
        *" fuzz "*) native_with='nice -n 19' fuzz_build >/dev/null & ;;
        esac
        meson_tests sanitize "unit api" ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
        wait
}

# Without optimisation clang takes a third of the time, and the sanitizers see also what would have been optimised away.
sanitize_build() {
        native_build sanitize clang -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=0
}

# These are to run as often as they can.
fuzz_build() {
        native_target=fuzz native_build fuzz clang -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
}

# --- fuzz -------------------------------------------------------------------------------------------------------------

# Every target runs over its corpus; with FUZZ_SECONDS it then looks for new input, that long in all: with FUZZ_SEED along a path that is
# the same every time, so that a change is judged by what it changes and not by the dice; without, somewhere new.
suite_fuzz() {
        need_native
        gentle_strands=1
        strand 800 fuzz fuzz_all
}

# Takes only what others leave: a scheduling group of its own, and last in it.
gently() {
        setsid --wait bash -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"' gently "$@"
}

fuzz_all() {
        local target targets name corpus seconds
        echo "# fuzz"
        fuzz_build || return
        mapfile -t targets < <(find "$source_dir/build-fuzz" -type f -name 'fuzz-*' -perm /111 | sort)
        [ ${#targets[@]} -gt 0 ] || return
        seconds=$((${FUZZ_SECONDS:-0} / ${#targets[@]}))
        for target in "${targets[@]}"; do
                name=${target##*/fuzz-}
                corpus=$source_dir/tests/fuzz/$name
                step "fuzz $name: corpus" "fuzz-$name.log" fuzz_corpus "$target" "$corpus" || continue
                if [ "$seconds" -gt 0 ]; then
                        mkdir -p "$source_dir/build-fuzz/new-$name"
                        step "fuzz $name: $seconds s of new input" "fuzz-$name-new.log" gently "$target" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" \
                                -timeout=60 -rss_limit_mb=1024 -artifact_prefix="$logs/crash-$name-" \
                                "$source_dir/build-fuzz/new-$name" $([ ! -d "$corpus" ] || echo "$corpus")
                fi
        done
}

fuzz_corpus() {
        local files=()
        [ ! -d "$2" ] || mapfile -t files < <(find "$2" -type f)
        gently "$1" -timeout=60 "${files[@]:-/dev/null}"
}

# --- suites that use a box --------------------------------------------------------------------------------------------

# What programs find in their environment, with a box or without.
box_environment() {
        export BOX_PREFIX=$box_prefix TESTS=$source_dir/tests LOGS=$logs
        need_packages jq curl python3
}

# Boots a fresh box for a suite, as one test, and exports how to reach it.
suite_box() {
        box_environment
        export BOX=$box_prefix-$1
        step "$1: a box boots and installs itself" "box-$1.log" "$source_dir/images/box" up --name "$BOX" --fresh || return 1
        BOX_URL=$("$source_dir/images/box" status --name "$BOX" --json | jq -r .url)
        export BOX_URL
}

# Keeps what the box said where a test failed, then removes it.
suite_box_end() {
        "$source_dir/images/box" sh --name "$BOX" -- journalctl --no-pager -o short-precise >"$logs/journal-$1.log" 2>&1 || :
        [ -n "${KEEP_BOX:-}" ] || "$source_dir/images/box" rm --name "$BOX" >/dev/null 2>&1 || :
}

has_programs() {
        compgen -G "$source_dir/tests/$1/[0-9][0-9]*" >/dev/null
}

# Before there is an installer there is nothing to boot.
has_installer() {
        [ -d "$source_dir/installer" ]
}

# Programs that make a box of their own say so in their head, and go beside the suite's boxes: one for the numbers below 50, one for the others.
suite_integration() {
        local program
        has_installer || return 0
        box_environment
        strand 550 integration integration_box it '[0-4][0-9]*'
        strand 1500 integration-later integration_box later '[5-9][0-9]*'
        for program in "$source_dir"/tests/integration/[0-9][0-9]*; do
                ! has_own_box "$program" || strand "$(seconds_of "${program##*/}")" "${program##*/}" run_program "$program"
        done
}

# Of programs with a box of their own: about as long as they take beside all others.
seconds_of() {
        case $1 in
        73-apps) echo 700 ;;
        80-catalogue) echo 400 ;;
        11-install-faults | 60-domains | 61-certificates) echo 300 ;;
        90-box) echo 200 ;;
        *) echo 150 ;;
        esac
}

has_own_box() {
        head -n 8 "$1" | grep -qE '^(# )?Has a box of its own\.'
}

integration_box() {
        local program
        suite_box "$1" || return
        for program in "$source_dir"/tests/integration/$2; do
                has_own_box "$program" || run_program "$program"
        done
        suite_box_end "$1"
}

# Images of apps take minutes to build and little else: that is done while the first suites run. Whoever needs one waits for it.
prepare_images() {
        echo "# the catalogue's images are built meanwhile (images.log)"
        {
                echo "$BASHPID" >"$strands/images.pid"
                nice -n 5 "$source_dir/images/build-catalogue" &
                trap 'kill $!' TERM
                wait $!
                rm -f "$strands/images.pid"
        } >"$logs/images.log" 2>&1 </dev/null &
}

suite_ui() {
        has_installer && has_programs ui || return 0
        need_node_tests
        need_packages knot knot-dnsutils python3
        strand 900 ui ui_box
}

ui_box() {
        suite_box ui || return
        browser_net
        run_programs "$source_dir/tests/ui"
        browser_net_end
        suite_box_end ui
}

# A browser in a network of its own beside the box: it drops what it is loading whenever a network device of its machine comes or
# goes, and boxes of other tests do.
browser_net() {
        local number=${BOX_URL#*://10.77.}
        number=${number%%.*}
        browser_net_end
        ip netns add "$box_prefix-browser"
        ip link add "sbb$number" type veth peer name eth0 netns "$box_prefix-browser"
        ip link set "sbb$number" master "sbx$number" up
        ip -n "$box_prefix-browser" addr add "10.77.$number.7/24" dev eth0
        ip -n "$box_prefix-browser" link set lo up
        ip -n "$box_prefix-browser" link set eth0 up
        printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$box_prefix-browser" "$CHROMIUM" >"$strands/browser"
        chmod +x "$strands/browser"
        export CHROMIUM=$strands/browser
}

browser_net_end() {
        [ ! -e "/run/netns/$box_prefix-browser" ] || ip netns del "$box_prefix-browser"
}

suite_journey() {
        has_installer && has_programs journey || return 0
        need_node_tests
        strand 170 journey journey_box
}

journey_box() {
        suite_box journey || return
        run_programs "$source_dir/tests/journey"
        suite_box_end journey
}

# Node, a browser and the packages of tests/package.json.
need_node_tests() {
        need_commands node:nodejs npm:npm chromium:chromium jq:jq
        export CHROMIUM
        CHROMIUM=$(command -v chromium)
        [ ! -f "$source_dir/tests/package-lock.json" ] || node_packages "$source_dir/tests"
}

# Installs what the lock file of a folder names, unless that is there.
node_packages() {
        local stamp
        stamp=$(sha256sum <"$1/package-lock.json")
        [ "$(cat "$1/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
        step "the packages of ${1#"$source_dir/"} install" "npm-${1##*/}.log" \
                npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error || return
        echo "$stamp" >"$1/node_modules/.stamp"
}

suite_vm() {
        has_installer && has_programs vm || return 0
        box_environment
        strand 1050 vm vm_programs
}

vm_programs() {
        program_timeout=3000 run_programs "$source_dir/tests/vm"
        [ -z "${TESTS_ALL:-}" ] || ! has_programs vm/all || program_timeout=14400 run_programs "$source_dir/tests/vm/all"
}

suite_bench() {
        has_installer && has_programs bench || return 0
        need_native
        need_packages nghttp2-client fdisk bind9-dnsutils wrk
        need_node_tests
        node_packages "$source_dir/tests/bench" || return
        suite_box bench || return
        program_timeout=900 run_programs "$source_dir/tests/bench"
        suite_box_end bench
}
