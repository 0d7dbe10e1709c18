#!/usr/bin/env python3
"""Checks what `hours prove` writes, by C2SP tlog-proof alone.

usage: check_proof.py entry.jws entry.tlog-proof POLICY      (python3, python3-cryptography)

Exit codes: 0 the entry stands in a log that POLICY trusts, 1 it does not.
"""
import sys

from c2sp import Wrong, b64, need, open_checkpoint, read_policy, sha


def root_of(index, size, leaf, path):
    """RFC 9162, section 2.1.3.2."""
    need(0 <= index < size, f"leaf {index} of a tree of {size}")
    fn, sn, root = index, size - 1, leaf
    for one in path:
        need(sn > 0, "hashes left over in the proof")
        if fn & 1 or fn == sn:
            root = sha(b"\1", one, root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha(b"\1", root, one)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "hashes are missing in the proof")
    return root


def check(entry, proof, policy):
    head, _, checkpoint = proof.partition("\n\n")
    kind, *lines = head.split("\n")
    need(kind == "c2sp.org/tlog-proof@v1", "no tlog-proof@v1")
    lines = [line for line in lines if not line.startswith("extra ")]
    index = int(lines[0].removeprefix("index "))
    origin, size, root = open_checkpoint(checkpoint, read_policy(policy))
    need(root_of(index, size, sha(b"\0", entry), [b64(line) for line in lines[1:]]) == root, "another entry, or another log")
    return f"HOLDS: entry {index} of {origin} at {size}"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    entry, proof, policy = (open(path, "rb").read() for path in sys.argv[1:])
    try:
        print(check(entry, proof.decode(), policy.decode()))
    except (Wrong, ValueError, KeyError, IndexError) as error:
        print(f"DOES NOT HOLD: {error}")
        sys.exit(1)
