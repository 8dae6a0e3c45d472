# tests/lib/vm-apps.sh: a virtual machine that has all that the programs in tests/vm/apps need. Sourced after vm.sh.
# shellcheck shell=bash

# Builds, starts and fills the machine; says what went wrong and fails when it does not come up: vm_apps_new [QEMU OPTION...], in which @DIR@
# stands for the machine's folder.
vm_apps_new() {
        local image user_data layout
        vm_need
        if ! image=$("$TESTS/../images/build-image" --format qcow2) || ! layout=$("$TESTS/../images/build-catalogue" --only busybox); then
                not_ok "the image builds"
                return 1
        fi
        user_data=$(mktemp)
        cat >"$user_data" <<'END'
#cloud-config
ssh_authorized_keys:
  - @SSH_KEY@
write_files:
  - path: /etc/steadbox/install.json
    permissions: '0600'
    content: |
      {"version": 1, "hostname": "apps"}
END
        vm_new "$image" 8G "$user_data"
        rm -f "$user_data"
        vm_start 1024 "${@//@DIR@/$vm_dir}"
        if ! vm_wait_web 1200 || ! wait_for 300 vm_sh 'test ! -e /var/lib/steadbox-install/unfinished'; then
                tail -n 40 "$vm_dir/serial.log"
                not_ok "the machine comes up"
                return 1
        fi
        vm_apps_fill "$layout"
}

# Brings what they need into a machine that is up: vm_apps_fill LAYOUT, the folder that images/build-catalogue says.
vm_apps_fill() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=registry.test -addext subjectAltName=DNS:registry.test \
                -keyout "$vm_dir/registry.key" -out "$vm_dir/registry.crt" 2>"$vm_dir/openssl.log"
        # The tests' own library runs inside: its box is the machine it runs on.
        tar -C "$TESTS/.." -c tests/lib tests/vm/apps | vm_sh 'mkdir -p /root/t && tar -C /root/t -x'
        tar -C "$1" -c . | vm_sh 'mkdir -p /root/layout && tar -C /root/layout -x'
        tar -C "$vm_dir" -c registry.key registry.crt | vm_sh 'tar -C /root -x'
}

# Pulls the cable in the middle of an installation, an update and a removal.
vm_apps_cut() {
        local said
        if ! said=$(vm_apps underway); then
                echo "$said"
                not_ok "an installation, an update and a removal come to their middle"
                return 1
        fi
        vm_power_cut
        cp "$vm_dir/serial.log" "$LOGS/vm-serial-${0##*/}-before-the-cut.log"
        ok "the cable is pulled in the middle of an installation, an update and a removal (${said##*now })"
}

# Runs one of tests/vm/apps in the machine: vm_apps PROGRAM [ARGUMENT...]
vm_apps() {
        vm_sh "exec /root/t/tests/vm/apps/$*" </dev/null
}
