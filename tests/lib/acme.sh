# tests/lib/acme.sh: a certificate authority (pebble) beside a box, and a name server for it that sends every name to the box.
# Sourced by tests. Ends only what it started; so call acme_start in the test's own shell, not in $().
# shellcheck shell=bash

acme_dir=
acme_pids=()

# Makes the authority's own keys: acme_prepare. The file $acme_dir/ca.crt is what the box has to trust beforehand; with
# acme_trust ROOT it does, and reaches the authority as acme.provider.test.
acme_prepare() {
        acme_dir=$(mktemp -d)
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=acme.provider.test' \
                -addext 'subjectAltName=DNS:acme.provider.test' -keyout "$acme_dir/key.pem" -out "$acme_dir/ca.crt" 2>/dev/null
}

# Shell text for --root-hook.
acme_trust() {
        cat <<END
n=\$(cat "\$(dirname "\$1")/number")
echo "10.77.\$n.1 acme.provider.test" >>"\$1/etc/hosts"
install -m 0644 "$acme_dir/ca.crt" "\$1/usr/local/share/ca-certificates/acme-test.crt"
chroot "\$1" update-ca-certificates >/dev/null
END
}

# Starts both for the running box. VARIABLE=value arguments go to pebble, such as PEBBLE_WFE_ORDERS_...
acme_start() {
        local address gateway
        address=$(box status --json | jq -r .address)
        gateway=${address%.*}.1
        cat >"$acme_dir/config.json" <<END
{"pebble": {"listenAddress": "$gateway:14000", "managementListenAddress": "$gateway:15000",
 "certificate": "$acme_dir/ca.crt", "privateKey": "$acme_dir/key.pem", "httpPort": 80, "tlsPort": 443,
 "ocspResponderURL": "", "externalAccountBindingRequired": false}}
END
        pebble-challtestsrv -defaultIPv4 "$address" -defaultIPv6 "" -dns01 "$gateway:8053" -http01 "" -https01 "" -tlsalpn01 "" \
                -management "$gateway:8055" >"$LOGS/acme-dns.log" 2>&1 &
        acme_pids+=($!)
        env PEBBLE_VA_NOSLEEP=1 "$@" pebble -config "$acme_dir/config.json" -dnsserver "$gateway:8053" >"$LOGS/acme.log" 2>&1 &
        acme_pids+=($!)
        wait_for 60 curl -sf --cacert "$acme_dir/ca.crt" --resolve "acme.provider.test:14000:$gateway" https://acme.provider.test:14000/dir
}

acme_stop() {
        [ ${#acme_pids[@]} -eq 0 ] || kill "${acme_pids[@]}" 2>/dev/null
        acme_pids=()
        [ -z "$acme_dir" ] || rm -rf "$acme_dir"
}

# The authority's root certificate, to check what a box serves: acme_root FILE
acme_root() {
        local address
        address=$(box status --json | jq -r .address)
        curl -sfk "https://${address%.*}.1:15000/roots/0" >"$1"
}
