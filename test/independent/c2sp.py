"""What C2SP and the RFCs say: keys, notes, policies, checkpoints, proofs. Only hashlib and python3-cryptography are used."""
import base64, hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256


class Wrong(Exception):
    """Something in the report that does not hold."""


def need(holds, what):
    if not holds:
        raise Wrong(what)


sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
b64 = lambda text: base64.b64decode(text, validate=True)
b64url = lambda text: base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
unpadded = lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")


def verify(alg, public, message, signature):
    try:
        if alg == "Ed25519":
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        else:
            half = lambda part: int.from_bytes(part, "big")
            der = utils.encode_dss_signature(half(signature[:32]), half(signature[32:]))
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            key.verify(der, message, ec.ECDSA(SHA256()))
        return len(signature) == 64
    except (InvalidSignature, ValueError):
        return False


# C2SP signed-note, tlog-policy, tlog-checkpoint, tlog-cosignature


def key_id(name, kind, public):
    return sha(name.encode(), b"\n", bytes([kind]), public)[:4]


def vkey(text):
    name, ident, key = text.split("+", 2)
    kind, public = b64(key)[0], b64(key)[1:]
    need(key_id(name, kind, public).hex() == ident, f"vkey {name}: its key id does not fit")
    return name, kind, public


def read_policy(text):
    policy = {"logs": [], "witnesses": {}, "groups": {}, "quorum": None}
    for words in (line.split() for line in text.split("\n")):
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            policy["logs"].append(vkey(words[1]))
        elif words[0] == "witness":
            policy["witnesses"][words[1]] = vkey(words[2])
        elif words[0] == "group":
            k = {"any": 1, "all": len(words) - 3}.get(words[2]) or int(words[2])
            policy["groups"][words[1]] = (k, words[3:])
        elif words[0] == "quorum":
            policy["quorum"] = words[1]
    need(policy["quorum"], "the policy has no quorum")
    return policy


def is_met(policy, name, signed):
    if name in policy["groups"]:
        k, members = policy["groups"][name]
        return sum(is_met(policy, member, signed) for member in members) >= k
    return name == "none" or name in signed


def open_checkpoint(note, policy):
    text, _, tail = note.rpartition("\n\n")
    text += "\n"
    origin, size, root, end = text.split("\n")
    need(end == "" and str(int(size)) == size, "a checkpoint has three lines")
    lines = [line.split(" ") for line in tail.removesuffix("\n").split("\n")]
    found = {(name, b64(raw)[:4]): b64(raw)[4:] for _, name, raw in lines}
    log_name = origin.rpartition("/")[0]
    # There is a log a year under one key: the policy's line may have the name of another year.
    keys = [public for name, kind, public in policy["logs"] if kind == 1 and name.rpartition("/")[0] == log_name]
    own = [found.get((origin, key_id(origin, 1, public))) for public in keys]
    need(
        any(raw and verify("Ed25519", public, text.encode(), raw) for raw, public in zip(own, keys)),
        f"{origin}: no signature of a log in the policy",
    )
    signed = set()
    for short, (name, kind, public) in policy["witnesses"].items():
        raw = found.get((name, key_id(name, kind, public)))
        if raw is not None:
            time = int.from_bytes(raw[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            need(verify("Ed25519", public, message, raw[8:]), f"{origin}: false cosignature of {name}")
            signed.add(short)
    need(is_met(policy, policy["quorum"], signed), f"{origin}: the quorum is not met by {sorted(signed)}")
    return origin, int(size), b64(root)


# RFC 6962 and 9162


def split(length):
    return 1 << (length - 1).bit_length() - 1


def subset_root(leaves, size, proof):
    """Root from the leaves shown, {index: hash}, and the hashes of the ranges between them."""
    shown, hashes = sorted(leaves), iter(proof)

    def walk(start, end, first, last):
        if first == last:
            one = next(hashes, None)
            need(one, "a proof without an end: an entry is left out, or the proof is of others")
            return one
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        cut = next((i for i in range(first, last) if shown[i] >= middle), last)
        return sha(b"\1", walk(start, middle, first, cut), walk(middle, end, cut, last))

    need(shown and 0 <= shown[0] and shown[-1] < size, "an entry behind the end of its log")
    root = walk(0, size, 0, len(shown))
    need(next(hashes, None) is None, "hashes left over in a proof")
    return root


def is_consistent(old, old_root, new, new_root, proof):
    if old == new:
        return not proof and old_root == new_root
    path = ([old_root] if old & (old - 1) == 0 else []) + proof
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    need(path and 0 < old < new, "a consistency proof of nothing")
    fr = sr = path[0]
    for one in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\1", one, fr), sha(b"\1", one, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\1", sr, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root
