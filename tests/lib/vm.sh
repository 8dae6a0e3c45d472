# tests/lib/vm.sh: a virtual machine of the built image, in qemu without KVM. Sourced by tests in tests/vm.
# One per test; its files live in $vm_dir and go with the test. Ends only the qemu it started, by its number.
# shellcheck shell=bash

. "$TESTS/../images/lib.sh"
vm_dir=
vm_pid=

vm_need() {
        need_packages qemu-system-x86 qemu-utils ipxe-qemu seabios dosfstools mtools jq curl openssh-client openssl
}

# Prepares a machine: vm_new IMAGE SIZE USER_DATA_FILE. The disk is a layer over the image, which stays as it is.
vm_new() {
        vm_dir=$(mktemp -d /var/tmp/steadbox-vm.XXXXXX)
        trap 'vm_end' EXIT
        trap 'exit 130' INT TERM
        ssh-keygen -q -t ed25519 -N '' -f "$vm_dir/key"
        qemu-img create -q -f qcow2 -F qcow2 -b "$1" "$vm_dir/disk.qcow2" "$2"
        printf 'instance-id: vm-%s\nlocal-hostname: vm\n' "$$" >"$vm_dir/meta-data"
        sed "s|@SSH_KEY@|$(cat "$vm_dir/key.pub")|" "$3" >"$vm_dir/user-data"
        # cloud-init's NoCloud source is any file system with this label.
        mkfs.vfat -C -n CIDATA "$vm_dir/seed.img" 1024 >/dev/null
        mcopy -i "$vm_dir/seed.img" "$vm_dir/meta-data" "$vm_dir/user-data" ::
        vm_https=$(free_port)
        vm_ssh=$(free_port)
        vm_url=https://127.0.0.1:$vm_https
}

free_port() {
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Switches the machine on: vm_start [MEMORY_MIB] [QEMU OPTION...]. BIOS, no kernel from outside, no way out to a network. It never waits, as the
# others do: in a scheduling group of its own (sched(7), autogroup), and before them, it is not what they all wait for in the end.
vm_start() {
        local memory=${1:-1024}
        shift || :
        setsid bash -c '{ echo -7 >/proc/self/autogroup; } 2>/dev/null; exec "$@"' vm \
                qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" -display none -no-reboot \
                -serial "file:$vm_dir/serial.log" -monitor none \
                -drive "file=$vm_dir/disk.qcow2,if=virtio,cache=writeback" -drive "file=$vm_dir/seed.img,if=virtio,format=raw,readonly=on" \
                -netdev "user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:$vm_https-:443,hostfwd=tcp:127.0.0.1:$vm_ssh-:22" \
                -device virtio-net-pci,netdev=n -device virtio-rng-pci "$@" >"$vm_dir/qemu.log" 2>&1 </dev/null &
        vm_pid=$!
        vm_started=$SECONDS
}

vm_runs() {
        [ -n "$vm_pid" ] && kill -0 "$vm_pid" 2>/dev/null
}

# What happens when somebody trips over the cable.
vm_power_cut() {
        [ -n "$vm_pid" ] || return 0
        kill -KILL "$vm_pid" 2>/dev/null
        wait "$vm_pid" 2>/dev/null
        vm_pid=
}

vm_end() {
        vm_power_cut
        [ -z "${LOGS:-}" ] || [ ! -e "$vm_dir/serial.log" ] || cp "$vm_dir/serial.log" "$LOGS/vm-serial-${0##*/}.log"
        rm -rf "$vm_dir"
}

# Waits until the API answers: vm_wait_web SECONDS
vm_wait_web() {
        local deadline=$((SECONDS + $1))
        until [ "$(vm_site .time)" != "" ]; do
                vm_runs || return 1
                [ $SECONDS -lt $deadline ] || return 1
                sleep 1
        done
}

# One value of the box's face, or nothing.
vm_site() {
        vm_web GET /site 2>/dev/null | jq -r "$1 // empty" 2>/dev/null
}

# vm_web METHOD PATH [JSON]: the API over https, with the cookies of this machine.
vm_web() {
        curl -sSk --max-time 60 --fail-with-body -b "$vm_dir/cookies" -c "$vm_dir/cookies" -H "Origin: $vm_url" -X "$1" \
                ${3:+-H 'Content-Type: application/json' --data-binary "$3"} "$vm_url/api/v1$2"
}

# Runs shell text in the machine as root.
vm_sh() {
        ssh -q -i "$vm_dir/key" -p "$vm_ssh" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=60 \
                debian@127.0.0.1 sudo sh -c "$(printf %q "$1")"
}
