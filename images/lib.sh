# images/lib.sh: what the recipes in this folder share: messages, what the host must have, the package source of the
# host, and cached Debian roots named after the hash of their recipe. Sourced, never run. Owns $STEADBOX_CACHE.
# shellcheck shell=bash

STEADBOX_CACHE=${STEADBOX_CACHE:-/var/cache/steadbox}
SUITE=trixie
source_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

say() {
        printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
        say "$@"
        exit 1
}

need_root() {
        [ "$(id -u)" = 0 ] || die "must be run as root; try: sudo $0"
}

# Installs on the host the packages whose command is missing. Arguments: command:package ...
need_commands() {
        local pair missing=()
        for pair; do
                PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
        done
        need_packages "${missing[@]}"
}

# Installs those of the named packages that the host lacks.
need_packages() {
        local p missing=()
        for p; do
                [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
        done
        [ ${#missing[@]} -gt 0 ] || return 0
        say "installing on this machine: ${missing[*]}"
        (
                # Two of our commands may start side by side; apt waits for dpkg's lock, but not for that of the lists.
                exec 8>/run/lock/steadbox-apt
                flock 8
                export DEBIAN_FRONTEND=noninteractive
                apt_install() {
                        apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "${missing[@]}" \
                                >"$STEADBOX_CACHE/apt.log" 2>&1
                }
                mkdir -p "$STEADBOX_CACHE"
                apt_install || { apt-get update -qq && apt_install; }
        ) || { tail -n 20 "$STEADBOX_CACHE/apt.log" >&2; die "could not install ${missing[*]}; see $STEADBOX_CACHE/apt.log"; }
}

# Prints the apt sources of $SUITE at the mirror this host itself uses: what is reachable is then known to be so.
apt_sources() {
        local here uri release main='' security=''
        here=$(. /etc/os-release && echo "$VERSION_CODENAME")
        while IFS='|' read -r uri release; do
                case $release in
                "$here") main=${main:-$uri} ;;
                "$here-security") security=${security:-$uri} ;;
                esac
        done < <(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)' 'Created-By: Packages' 'Component: main')
        [ -n "$main" ] || die "found no Debian mirror for $here in this machine's apt sources; is this Debian 12 or 13?"
        echo "deb $main $SUITE main"
        echo "deb $main $SUITE-updates main"
        [ -z "$security" ] || echo "deb $security $SUITE-security main"
}

# Prints those settings of the host's apt that decide whether the mirror can be reached and believed.
apt_settings() {
        apt-config dump | grep -E '^Acquire::(https?::Proxy|https?::CaInfo|Check-Date|Check-Valid-Until|ForceIPv[46]|Retries) ' || :
}

# Writes resolv.conf for a root that runs beside the host: a stub resolver on the host's loopback is of no use there.
copy_resolver() {
        local from=/etc/resolv.conf
        if grep -qE '^nameserver 127\.0\.0\.53' "$from" && [ -e /run/systemd/resolve/resolv.conf ]; then
                from=/run/systemd/resolve/resolv.conf
        fi
        rm -f "$1/etc/resolv.conf"
        cp --dereference "$from" "$1/etc/resolv.conf"
}

hash_of() {
        sha256sum | cut -c 1-16
}

# Takes the lock NAME of the cache until this process ends. Uses one file descriptor per name.
cache_lock() {
        local fd
        mkdir -p "$STEADBOX_CACHE"
        exec {fd}>"$STEADBOX_CACHE/$1.lock"
        flock -n "$fd" || { say "waiting for another run ($1)"; flock "$fd"; }
}

# Prints the directory of the cached Debian root NAME, bootstrapping it first where its recipe changed.
#   cached_root NAME "PACKAGES" [HOOK]      HOOK is shell text run with the new root in $1 and counts to the recipe
cached_root() {
        local name=$1 packages=$2 hook=${3:-:} sources settings key root log
        sources=$(apt_sources) settings=$(apt_settings)
        key=$(printf '%s\n' "$SUITE" "$sources" "$settings" "$packages" "$hook" | hash_of)
        root=$STEADBOX_CACHE/$name-$key log=$STEADBOX_CACHE/$name.log
        cache_lock "$name"
        if [ ! -d "$root" ]; then
                need_commands mmdebstrap:mmdebstrap
                need_trixie_keys
                say "bootstrapping a Debian $SUITE root for '$name' (once; kept in $STEADBOX_CACHE)"
                rm -rf -- "$root.new"
                drop_unused "$name"
                printf '%s\n' "$settings" >"$STEADBOX_CACHE/apt.conf"
                # The lists stay, so that apt inside works without fetching them anew each time.
                mmdebstrap --quiet --mode=root --variant=minbase --skip=cleanup/apt/lists \
                        --aptopt="$STEADBOX_CACHE/apt.conf" --dpkgopt=force-unsafe-io \
                        --aptopt='APT::Install-Recommends "false"' \
                        --include="${packages// /,}" "$SUITE" "$root.new" - <<<"$sources" >"$log" 2>&1 ||
                        { tail -n 20 "$log" >&2; rm -rf -- "$root.new"; die "bootstrap failed; see $log"; }
                copy_resolver "$root.new"
                bash -euc "$hook" hook "$root.new" >>"$log" 2>&1 ||
                        { tail -n 20 "$log" >&2; rm -rf -- "$root.new"; die "recipe of '$name' failed; see $log"; }
                mv "$root.new" "$root"
        fi
        touch "$root"
        echo "$root"
}

# Removes what no run has touched for two days of the cached NAME-HASH; another checkout may use a recipe of its own.
drop_unused() {
        find "$STEADBOX_CACHE" -maxdepth 1 -name "$1-????????????????*" -mmin +2880 -exec rm -rf {} +
}

# A Debian 12 that was never updated does not know the keys of Debian 13 yet.
need_trixie_keys() {
        local keys=/usr/share/keyrings/debian-archive-$SUITE-stable.gpg
        [ -e "$keys" ] || { apt-get update -qq && apt-get install -qq -y debian-archive-keyring >&2; }
        ls "${keys%.gpg}".* >/dev/null 2>&1 || die "this machine has no archive keys of Debian $SUITE; update debian-archive-keyring"
}

# Prints the directory with the packages that installing the .deb $1 into the root $2 will ask for, downloaded once.
package_archive() {
        local deb=$1 base=$2 depends archive
        depends=$(dpkg-deb -f "$deb" Depends)
        archive=$STEADBOX_CACHE/archive-$(printf '%s\n' "$depends" "$base" | hash_of)
        cache_lock archive
        if [ ! -d "$archive" ]; then
                say "fetching the packages that ours depends on (once)"
                drop_unused archive
                rm -rf "$archive.new"
                mkdir -p "$archive.new/partial"
                copy_resolver "$base"
                unshare --mount --propagation private bash -euc '
                        mkdir -p "$1/var/cache/apt/archives" "$1/mnt"
                        mount --bind "$2" "$1/var/cache/apt/archives"
                        mount -t proc proc "$1/proc"
                        : >"$1/mnt/steadbox.deb"
                        mount --bind "$3" "$1/mnt/steadbox.deb"
                        export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
                        chroot "$1" apt-get -qq -o APT::Sandbox::User=root update
                        chroot "$1" apt-get -qq -y -o APT::Sandbox::User=root -o APT::Install-Recommends=false \
                                --download-only install /mnt/steadbox.deb' \
                        fetch "$base" "$archive.new" "$deb" >"$STEADBOX_CACHE/archive.log" 2>&1 ||
                        { tail -n 20 "$STEADBOX_CACHE/archive.log" >&2; die "could not fetch packages; see $STEADBOX_CACHE/archive.log"; }
                rm -rf "$archive.new/partial" "$archive.new/lock"
                mv "$archive.new" "$archive"
        fi
        touch "$archive"
        echo "$archive"
}

# Prints the folder in which builds of this checkout are kept, with a suffix where it is not the ordinary build. Folders of
# checkouts that are gone are dropped.
work_dir() {
        local d work
        work=$STEADBOX_CACHE/work/$(echo "$source_dir${1:+ $1}" | hash_of)
        for d in "$STEADBOX_CACHE"/work/*/; do
                [ ! -f "$d/source" ] || [ -d "$(cat "$d/source")" ] || rm -rf --one-file-system -- "$d"
        done
        mkdir -p "$work"
        echo "$source_dir" >"$work/source"
        echo "$work"
}
