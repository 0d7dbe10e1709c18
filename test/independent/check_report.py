#!/usr/bin/env python3
"""A second checker of reports, by the formats in docs/evidence.md alone: nothing of the project is used.

usage: check_report.py REPORT POLICY [REPORT POLICY ...]      (python3, python3-cryptography)

Checks every digest, the checkpoints under POLICY, that all entries stand in the log, every signature, stream and chain,
what gateways had seen, and works out the states of every instrument. Other figures (sessions, money, rates) it leaves to
`hours verify`. Exit codes: 0 all holds, 1 something does not.
"""
import bisect, datetime, hashlib, json, os, re, sys, zoneinfo
from collections import defaultdict

from c2sp import Wrong, b64, b64url, is_consistent, need, open_checkpoint, read_policy, sha, subset_root, unpadded, verify

MINUTE, DAY = 60_000, 86_400_000


# Records and pages


def open_jws(line, keys):
    """Kind, holder and payload of a record, when its signature holds under the keys in force; keys=None only reads."""
    header, payload, signature = line.split(b".")
    head = json.loads(b64url(header.decode()))
    need(set(head) == {"alg", "kid", "typ"}, f"a header of {sorted(head)}")
    kind = re.fullmatch(r"hours-([a-z-]+)\+jws", head["typ"]).group(1)
    body = json.loads(b64url(payload.decode()))
    need(body.get("v", 1) == 1, f"{kind} of an unknown version")
    if keys is not None:
        alg, public = keys.get(head["kid"], (None, b""))
        need(alg == head["alg"], f"{kind}: key {head['kid']} is not in force")
        need(verify(alg, public, header + b"." + payload, b64url(signature.decode())), f"{kind}: false signature")
    return kind, head["kid"].partition("#")[0], body


class Log:
    """What entries, taken in log order, add up to."""

    def __init__(self, origins):
        self.origins = origins
        self.keys, self.streams, self.chains = {}, {}, {}
        self.pages, self.waiting, self.enrolled, self.seen = [], [], defaultdict(list), {}
        self.times, self.others = defaultdict(list), defaultdict(int)

    def take(self, place, line):
        if self.keys or place[1] > 0:
            kind, holder, body = open_jws(line, self.keys)
        else:
            _, _, first = open_jws(line, None)
            self.keys = {f"{key['holder']}#{key['n']}": (key["alg"], b64url(key["public"])) for key in first["keys"]}
            kind, holder, body = open_jws(line, self.keys)
        digest = unpadded(sha(line))
        need((kind == "page") == (holder not in ("operator", "service", "report")), f"{place}: {holder} signs a {kind}")
        if kind == "page":
            need(body["gateway"] == holder, f"{place}: a page of {body['gateway']} signed by {holder}")
            self.take_page(place, digest, body)
        elif kind == "time":
            self.arrive(place, body)
        elif kind == "opening":
            need(place[1] == 0, f"{place}: an opening inside a log")
        else:
            self.follow(body["stream"], body["seq"], body["prev"], digest)
            if kind == "key":
                name, value = f"{body['holder']}#{body['n']}", (body["alg"], b64url(body["public"]))
                self.keys.pop(name, None) if "revoked" in body else self.keys.update({name: value})
            elif kind == "enrolment":
                self.enrolled[f"{body['stream']}/{body['instrument']}"].append(body)
            self.others[kind] += 1

    def follow(self, stream, seq, prev, digest):
        next_seq, last = self.streams.get(stream, (0, None))
        need(seq is None or (seq, prev) == (next_seq, last), f"{stream}: record {seq} does not follow {next_seq - 1}")
        self.streams[stream] = (next_seq + 1, digest)

    def take_page(self, place, digest, page):
        chain = (page["gateway"], page["epoch"])
        last = self.chains.get(chain)
        if last:
            before, before_digest = last
            need(page["seq"] > before["seq"] and page["from"] >= before["to"], f"{place}: pages out of order")
            need(page["seq"] > before["seq"] + 1 or page["prev"] == before_digest, f"{place}: the chain is broken")
            if page["prev"] == before_digest:
                grown = {one["id"]: one for one in before["instruments"]}
                for one in page["instruments"]:
                    on = sum(end - start for state, start, end in one["spans"] if state != "off")
                    was = grown.get(one["id"])
                    need(not was or one["onMs"] - was["onMs"] == on, f"{place}: counters of {one['id']} do not fit its spans")
            self.follows_seen(place, before, page)
        self.chains[chain] = (page, digest)
        self.seen[chain] = page["seen"]
        self.waiting.append((place, page))

    def follows_seen(self, place, before, page):
        """A page cannot begin before what the one before it had seen of the log; sealing may take ten minutes."""
        seen = before["seen"] or {"origin": "", "size": 0}
        times = self.times[seen["origin"]]
        within = bisect.bisect_left(times, (seen["size"], 0))
        slack = 10 * MINUTE + min(page["clock"]["errorMs"], MINUTE)
        earliest = times[within - 1][1] - slack if within else 0
        need(page["from"] >= earliest, f"{place}: begins before what its gateway had seen")

    def arrive(self, place, time):
        for at, page in self.waiting:
            slack = MINUTE + min(page["clock"]["errorMs"], MINUTE)
            need(page["to"] <= time["at"] + slack, f"{at}: a page of time that had not passed")
        self.times[self.origins[place[0]]].append((place[1], time["at"]))
        self.pages += [page for _, page in self.waiting]
        self.waiting = []


# Figures


def bounds(period, zone):
    """[from, to) of a period in Unix ms; days are those of `zone`."""
    if ".." in period:
        first, last = (datetime.date.fromisoformat(day) for day in period.split(".."))
    elif period.startswith("AY"):
        first, last = datetime.date(int(period[2:]), 9, 1), datetime.date(int(period[2:]) + 1, 9, 1)
    elif "W" in period:
        first = datetime.date.fromisocalendar(int(period[:4]), int(period[6:]), 1)
        last = first + datetime.timedelta(days=7)
    else:
        parts = [int(part) for part in period.split("-")]
        first = datetime.date(*(parts + [1, 1])[:3])
        year, month = (first.year + 1, 1) if len(parts) == 1 else divmod(first.year * 12 + first.month, 12)
        last = datetime.date(year, month + (len(parts) == 2), 1) if len(parts) < 3 else first + datetime.timedelta(1)
    midnight = lambda day: datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return tuple(round(midnight(day).timestamp() * 1000) for day in (first, last))


def enrolments(records, start, end):
    """Where an instrument is enrolled within [start, end); a later record ends the earlier ones where it begins."""
    ranges = []
    for one in records:
        ranges = [(a, min(b, one["from"]), gateway) for a, b, gateway in ranges]
        ranges.append((one["from"], one.get("to", end), one["gateway"]))
    return [(max(a, start), min(b, end), gateway) for a, b, gateway in ranges if min(b, end) > max(a, start)]


def is_trusted(clock):
    if clock["errorMs"] > MINUTE:
        return False
    if "unsyncedMs" not in clock:
        return clock["source"] != "none"
    return clock["unsyncedMs"] <= DAY and not (abs(clock["steppedMs"]) > 1_000 and clock["source"] == "none")


def states(log, key, start, end):
    """ms of each state: pages laid over each other, equal states count once, different ones are unknown."""
    site, _, name = key.partition("/")
    ranges, spans = enrolments(log.enrolled[key], start, end), []
    for page in log.pages:
        if page["site"] != site or not is_trusted(page["clock"]):
            continue
        for one in page["instruments"]:
            for state, a, b in one["spans"] if one["id"] == name else []:
                for low, high, gateway in ranges:
                    if gateway == page["gateway"] and min(page["from"] + b, high) > max(page["from"] + a, low):
                        spans.append((max(page["from"] + a, low), min(page["from"] + b, high), state))
    total = defaultdict(int, enrolled=sum(b - a for a, b, _ in ranges))
    edges = sorted([(a, 1, state) for a, _, state in spans] + [(b, -1, state) for _, b, state in spans])
    open_now, at = defaultdict(int), start
    for edge, step, state in edges:
        here = [one for one, count in open_now.items() if count > 0]
        if len(here) == 1:
            total[here[0]] += edge - at
        open_now[state] += step
        at = edge
    total["unknown"] = total["enrolled"] - sum(total[state] for state in ("off", "standby", "run", "fault"))
    return total


def check(folder, policy_file):
    files = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            need(os.path.isfile(path) and not os.path.islink(path), f"{path} is no plain file")
            files[os.path.relpath(path, folder).replace(os.sep, "/")] = open(path, "rb").read()
    _, _, statement = open_jws(files["statement.jws"], None)
    stated = statement["predicate"]
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    need(set(subjects) == set(files) - {"statement.jws"}, "files that the statement does not name, or the other way round")
    for name, digest in subjects.items():
        need(hashlib.sha256(files[name]).hexdigest() == digest, f"{name} is not what was signed")

    policy = read_policy(open(policy_file, encoding="utf8").read())
    logs = {}
    for log in stated["logs"]:
        year = int(log["origin"].rpartition("/")[2])
        logs[year] = open_checkpoint(files[f"logs/{year}/checkpoint"].decode(), policy)
        need(logs[year] == (log["origin"], log["size"], b64(log["root"])), f"{year}: another log than the one stated")

    entries = []
    for name in [name for name in files if name.endswith(".jwsl")]:
        lines = files[name].decode().splitlines()
        places = files[f"{name}.positions"].decode().splitlines()
        need(len(lines) == len(places), f"{name}: a line without a position")
        stream = name.removeprefix("records/").removesuffix(".jwsl")
        entries += [(tuple(map(int, at.split("/"))), line, stream) for at, line in zip(places, lines)]
    entries.sort()
    need(len({place for place, _, _ in entries}) == len(entries), "two entries in one place")
    for year, (_, size, root) in logs.items():
        leaves = {at[1]: sha(b"\0", line.encode()) for at, line, _ in entries if at[0] == year and line[0] != "#"}
        raw = files[f"logs/{year}/proof"]
        need(subset_root(leaves, size, [raw[i : i + 32] for i in range(0, len(raw), 32)]) == root, f"{year}: no entry shown is proved")

    log = Log({year: origin for year, (origin, _, _) in logs.items()})
    for (year, index), line, stream in entries:
        need(year in logs and index < logs[year][1], f"{year}/{index} was never logged")
        if line[0] == "#":
            log.follow(stream, None, None, line[1:])
        else:
            log.take((year, index), line.encode())
    need(not log.waiting, "pages that no time record stands behind")
    for one in stated["streams"]:
        need(log.streams.get(one["stream"]) == (one["next"], one["last"]), f"{one['stream']}: its end is cut off")
    open_jws(files["statement.jws"], {kid: key for kid, key in log.keys.items() if kid.startswith("report#")})
    proved = 0
    for chain, seen in log.seen.items():
        year = int(seen["origin"].rpartition("/")[2]) if seen else None
        if year in logs and seen["size"] > 0:
            proof = [b64(text) for text in files[f"logs/{year}/consistency/{seen['size']}"].split()]
            need(is_consistent(seen["size"], b64(seen["root"]), *logs[year][1:], proof), f"{chain} has seen another log")
            proved += 1

    start, end = bounds(stated["period"], zoneinfo.ZoneInfo(stated["zone"]))
    named = {key for key in log.enrolled if any(figure["of"] == key for figure in stated["figures"])}
    own = {key: states(log, key, start, end) for key in sorted(named)}
    own[stated["scope"]] = own.get(stated["scope"]) or {
        kpi: sum(one[kpi] for one in own.values()) for kpi in ("enrolled", "off", "standby", "run", "fault", "unknown")
    }
    compared = 0
    for figure in stated["figures"]:
        if figure["of"] in own and figure["kpi"] in ("enrolled", "off", "standby", "run", "fault", "unknown"):
            need(figure["value"] == own[figure["of"]][figure["kpi"]], f"{figure['of']} {figure['kpi']}: {figure['value']} is stated")
            compared += 1
    need(compared >= 6, "no state of any instrument is stated")
    print(f"HOLDS: {len(files)} files, {len(log.pages)} pages, {sum(log.others.values())} records, {proved} sizes seen,", end=" ")
    print(f"{compared} figures of {len(own)} lines; not checked here: sessions, money, rates, rule set, settings", end="")
    print(", what corrections change of enrolments" if log.others["correction"] else "")


def judge(folder, policy_file):
    try:
        check(folder, policy_file)
        return True
    except Wrong as error:
        print(f"DOES NOT HOLD: {error}")
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        print(f"DOES NOT HOLD: cannot be read: {type(error).__name__} {error}")
    return False


if __name__ == "__main__":
    if len(sys.argv) < 3 or len(sys.argv) % 2 == 0:
        sys.exit(__doc__)
    verdicts = [judge(*sys.argv[i : i + 2]) for i in range(1, len(sys.argv), 2)]
    sys.exit(0 if all(verdicts) else 1)
