"""Judges the fabric from outside: raw SCPI to every switch, the fiber CSV, the rules of a torus written on single chips,
and the switches' own journals. Shares no code with the controller or with helioctl."""
import csv, io, json, re, socket

FACES = {"+x": (0, 1), "-x": (0, -1), "+y": (1, 1), "-y": (1, -1), "+z": (2, 1), "-z": (2, -1)}


def read_switch(address, ports_a):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b":oxc:swit:conn:stat?\n")
        answer = connection.makefile().readline().strip()
    match = re.fullmatch(r"\(@([0-9,]*)\),\(@([0-9,]*)\)", answer)
    assert match, f"{address} answered {answer!r}"
    ingress, egress = ([int(p) for p in side.split(",")] if side else [] for side in match.groups())
    assert len(ingress) == len(egress) and len(set(ingress)) == len(ingress) and len(set(egress)) == len(egress), answer
    return {a: b - ports_a for a, b in zip(ingress, egress)}


class Plant:
    def __init__(self, fiber_csv, addresses, ports_a):
        self.addresses, self.ports_a = addresses, ports_a
        self.port_end, self.end_port = {}, {}
        for row in csv.DictReader(io.StringIO(fiber_csv)):
            cube = int(row["cube"].rsplit("-", 1)[-1])
            ocs = row["ocs"].rsplit("/", 1)[-1]
            port = (ocs, row["side"], int(row["port"]))
            end = (cube, row["face"], int(row["index"]))
            assert port not in self.port_end and end not in self.end_port, row
            self.port_end[port], self.end_port[end] = end, port

    def read(self):
        return {ocs: read_switch(address, self.ports_a) for ocs, address in self.addresses.items()}

    def far_ends(self, maps):
        """Link end -> the link end that its light reaches."""
        far = {}
        for ocs, circuits in maps.items():
            for a, b in circuits.items():
                one, other = self.port_end[(ocs, "A", a)], self.port_end[(ocs, "B", b)]
                far[one], far[other] = other, one
        return far


def face_chip(face, index):
    dimension, sign = FACES[face]
    low, high = index % 4, index // 4
    chip = {0: [0, low, high], 1: [low, 0, high], 2: [low, high, 0]}[dimension]
    chip[dimension] = 3 if sign > 0 else 0
    return chip


def neighbour(chip, size, twisted):
    """For each dimension: the chip at the + side, by the published rule for closing links."""
    a, b, c = size
    k = a
    out = []
    for dimension in range(3):
        n = list(chip)
        n[dimension] += 1
        if n[dimension] == size[dimension]:
            n[dimension] = 0
            if twisted and a == b and c == 2 * k and dimension in (0, 1):
                n[2] = (n[2] + k) % (2 * k)
            elif twisted and b == c and b == 2 * k and dimension == 0:
                n[1], n[2] = (n[1] + k) % (2 * k), (n[2] + k) % (2 * k)
        out.append(n)
    return out


def parse_topology(text):
    size = [int(n) for n in text.split("_")[0].split("x")]
    a, b, c = size
    default = (a == b and c == 2 * a) or (b == c and b == 2 * a)
    return size, default and not text.endswith("_untwisted")


def check_slice(topology, cubes, far):
    """Every link of the slice, chip by chip. Returns what is wrong."""
    size, twisted = parse_topology(topology)
    counts = [n // 4 for n in size]
    wrong = []
    for position, cube in enumerate(cubes):
        place = [position % counts[0], position // counts[0] % counts[1], position // counts[0] // counts[1]]
        for dimension, name in enumerate("xyz"):
            for index in range(16):
                chip = [4 * p + l for p, l in zip(place, face_chip("+" + name, index))]
                n = neighbour(chip, size, twisted)[dimension]
                target = n[0] // 4 + counts[0] * (n[1] // 4 + counts[1] * (n[2] // 4))
                want = (cubes[target], "-" + name)
                got = far.get((cube, "+" + name, index))
                if got is None or got[:2] != want or face_chip(got[1], got[2]) != [v % 4 for v in n]:
                    wrong.append(f"position {position} (cube {cube}) +{name} {index}: wants {want}, has {got}")
    return wrong


class Journals:
    """Reads on in the journal of every switch and says which circuits were taken down."""

    def __init__(self, folder):
        self.folder, self.offsets = folder, {}

    def broken_since(self):
        broken = []
        for path in sorted(self.folder.glob("*.jsonl")):
            with open(path) as file:
                file.seek(self.offsets.get(path.name, 0))
                while True:
                    at = file.tell()
                    line = file.readline()
                    if not line.endswith("\n"):
                        file.seek(at)
                        break
                    entry = json.loads(line)
                    for move in entry.get("moves", []):
                        if move["from"] and entry["cause"] == "scpi":
                            broken.append((path.stem.rsplit("/", 1)[-1], move["a"], move["from"]))
                self.offsets[path.name] = file.tell()
        return broken
