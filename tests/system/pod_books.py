"""What a scheduler would write down of a pod by itself, and what may be had of it: by counting, and by trying every block.
Shares nothing with the controller."""

CHIPS_PER_EDGE = 4


def size_of(topology):
    return tuple(int(n) for n in topology.split("_")[0].split("x"))


def cubes_of(topology):
    """How many whole cubes a topology takes; 0: a part of one."""
    size = size_of(topology)
    if any(n % CHIPS_PER_EDGE for n in size):
        return 0
    return size[0] * size[1] * size[2] // CHIPS_PER_EDGE ** 3


def host_of(x, y, z):
    return x // 2 + 2 * (y // 2) + 4 * z


def blocks_of(topology):
    """Every set of hosts that a part can have in a cube: all turns, all places. Hosts drive 2x2x1 chips and are not shared,
    so a block starts where a host does; a smaller one lies inside one host."""
    size, blocks = size_of(topology), set()
    for turn in {(i, j, 3 - i - j) for i in range(3) for j in range(3) if i != j}:
        a, b, c = (size[i] for i in turn)
        for x in range(CHIPS_PER_EDGE - a + 1):
            for y in range(CHIPS_PER_EDGE - b + 1):
                for z in range(CHIPS_PER_EDGE - c + 1):
                    chips = {(x + i, y + j, z + k) for i in range(a) for j in range(b) for k in range(c)}
                    hosts = frozenset(host_of(*chip) for chip in chips)
                    whole = {(x, y, z) for h in hosts for x in (2 * (h % 2), 2 * (h % 2) + 1)
                             for y in (2 * (h // 2 % 2), 2 * (h // 2 % 2) + 1) for z in (h // 4,)}
                    if chips == whole or len(hosts) == 1:
                        blocks.add(hosts)
    fewest = min(map(len, blocks))
    return {b for b in blocks if len(b) == fewest}


class Books:
    def __init__(self, n_cubes, largest_cubes):
        self.n_cubes, self.largest_cubes = n_cubes, largest_cubes
        self.down = set()
        self.cubes = {}  # name -> its cubes in position order
        self.hosts = {}  # name -> (cube, its hosts), of parts
        self.blocks = {}

    def owner(self):
        """Cube -> the slice of whole cubes that has it."""
        return {cube: name for name, cubes in self.cubes.items() for cube in cubes}

    def used_hosts(self):
        used = {}
        for cube, hosts in self.hosts.values():
            used.setdefault(cube, set()).update(hosts)
        return used

    def free(self):
        """Cubes that a slice of whole cubes may have."""
        owned, cut = self.owner(), self.used_hosts()
        return {cube for cube in range(self.n_cubes) if cube not in owned and cube not in cut and cube not in self.down}

    def part_fits(self, topology, but=()):
        blocks = self.blocks.setdefault(topology, blocks_of(topology))
        owned, used = self.owner(), self.used_hosts()
        for cube in range(self.n_cubes):
            if cube in owned or cube in self.down or cube in but:
                continue
            if any(not (block & used.get(cube, set())) for block in blocks):
                return True
        return False

    def fits(self, topology):
        needed = cubes_of(topology)
        if needed == 0:
            return self.part_fits(topology)
        return needed <= min(len(self.free()), self.largest_cubes)

    def names_on(self, cube):
        return sorted([n for n, cubes in self.cubes.items() if cube in cubes] + [n for n, (c, _) in self.hosts.items() if c == cube])

    def forget(self, name):
        self.cubes.pop(name, None)
        self.hosts.pop(name, None)

    def enter(self, name, topology, cubes, hosts, former=()):
        """Writes down what was given, after judging that it could be given. former: cubes that it had before."""
        needed, owned, used = cubes_of(topology), self.owner(), self.used_hosts()
        for cube in cubes:
            assert cube not in owned, f"{name}: cube {cube} is of {owned[cube]}"
            assert cube in former or cube not in self.down, f"{name}: cube {cube} is down"
        if needed:
            assert len(cubes) == len(set(cubes)) == needed, f"{name}: {cubes} for {topology}"
            assert not set(cubes) & set(used), f"{name}: {set(cubes) & set(used)} are cut"
            self.cubes[name] = list(cubes)
            return
        assert len(cubes) == 1 and frozenset(hosts) in self.blocks.setdefault(topology, blocks_of(topology)), f"{name}: hosts {hosts} for {topology}"
        assert not set(hosts) & used.get(cubes[0], set()), f"{name}: hosts {set(hosts) & used[cubes[0]]} are of others"
        self.hosts[name] = (cubes[0], frozenset(hosts))
