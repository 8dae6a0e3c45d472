#!/usr/bin/env python3
"""tests/lib/cuts.py: a running qemu's disk as a power cut would leave it, and which of many such disks are enough.

    cuts.py layer SOCKET FILE          from here on the machine writes into FILE, a layer over what it had
    cuts.py copy SOCKET LAYER FILE     copies the layer while the machine stands. What qemu has been given is in it then, what the guest's kernel
                                       still keeps to itself is not: just so it is when somebody trips over the cable
    cuts.py choose FILE WANTED...      FILE has a line for each copy: its name, and JOB/STEP for each job; prints a few lines that hold all that is wanted
                                       between them, and for those that none holds "- JOB/STEP"
"""
import json
import shutil
import socket
import sys


class Qmp:
    """QEMU Machine Protocol (docs/interop/qmp-spec of qemu): a line of JSON each; events come in between."""

    def __init__(self, path):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(120)
        s.connect(path)
        self.file = s.makefile("rw")
        self.file.readline()  # the greeting
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        print(json.dumps({"execute": command, "arguments": arguments}), file=self.file, flush=True)
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise SystemExit(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise SystemExit(f"{command}: qemu is gone")


def layer(path, file):
    Qmp(path).do("blockdev-snapshot-sync", device="virtio0", format="qcow2", **{"snapshot-file": file})


def copy(path, source, file):
    qmp = Qmp(path)
    qmp.do("stop")  # which also writes out what the image format keeps in qemu's memory
    try:
        shutil.copyfile(source, file)
    finally:
        qmp.do("cont")


def choose(file, *wanted):
    with open(file) as f:
        copies = [(line.rstrip("\n"), set(line.split()[1:])) for line in f]
    open_ones = set(wanted)
    while open_ones:
        line, steps = max(copies, key=lambda c: len(c[1] & open_ones), default=("", set()))
        if not steps & open_ones:
            break
        print(line)
        open_ones -= steps
    for step in wanted:
        if step in open_ones:
            print("-", step)


verb, *rest = sys.argv[1:]
{"layer": layer, "copy": copy, "choose": choose}[verb](*rest)
