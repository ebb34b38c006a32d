"""A slow model of `helioctl whatif replay`, written from its description alone, that follows a step log.

It keeps its own clock, queue, cubes, hosts, faults, spares, circuits and waits, decides by itself when a job must
start, be hit, swapped, put back or end, and compares every step of the log with that. Where several cubes would do
(which cube, of equals, a planner takes) it takes the log's choice, after checking that the choice is allowed."""
import itertools

HOSTS = 16
PARTS = {(1, 1, 1): 1, (1, 1, 2): 1, (1, 2, 2): 1, (2, 2, 2): 2, (2, 2, 4): 4, (2, 4, 4): 8}


class Wrong(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Wrong(" ".join(str(w) for w in what))


def host_blocks(sides):
    """Every set of hosts that a part may take: hosts are 2x2x1 chips, host = x/2 + 2 (y/2) + 4 z."""
    blocks = set()
    for turn in set(itertools.permutations(sides)):
        # A part smaller than a host lies within one; a larger one covers whole hosts.
        small = turn[0] * turn[1] * turn[2] <= 4
        if small and turn[2] > 1 or not small and (turn[0] < 2 or turn[1] < 2):
            continue
        for x in range(0, 5 - turn[0], 2):
            for y in range(0, 5 - turn[1], 2):
                for z in range(0, 5 - turn[2]):
                    blocks.add(frozenset(cx // 2 + 2 * (cy // 2) + 4 * cz for cx in range(x, x + turn[0])
                                         for cy in range(y, y + turn[1]) for cz in range(z, z + turn[2])))
    return blocks


class Job:
    def __init__(self, number, arrival, duration, topology):
        text = topology.split("_")[0]
        self.number, self.arrival, self.duration = number, arrival, duration
        self.chips = tuple(int(n) for n in text.split("x"))
        self.whole = self.chips not in PARTS
        self.sides = tuple(n // 4 for n in self.chips) if self.whole else (1, 1, 1)
        self.n_cubes = self.sides[0] * self.sides[1] * self.sides[2]
        self.hosts_needed = self.n_cubes * HOSTS if self.whole else PARTS[self.chips]
        a, b, c = self.chips
        twistable = self.whole and ((a == b and c == 2 * a) or (b == c and b == 2 * a))
        self.twist = None
        if twistable and "untwisted" not in topology:
            self.twist = "kk2k" if a == b else "k2k2k"
        self.shape = (self.chips, self.twist)
        self.left, self.begin, self.end, self.has_run = duration, None, None, False
        self.state, self.wait, self.shape_wait, self.queued_at = "coming", 0, 0, None
        self.cubes, self.hosts, self.end_ms = None, None, None

    def next_position(self, position, dimension):
        a, b, c = self.sides
        x, y, z = position % a, position // a % b, position // (a * b)
        at = [x, y, z]
        at[dimension] += 1
        if at[dimension] == self.sides[dimension]:
            at[dimension] = 0
            if self.twist == "kk2k" and dimension < 2:
                at[2] = (at[2] + self.sides[0]) % c
            if self.twist == "k2k2k" and dimension == 0:
                at[1] = (at[1] + self.sides[0]) % b
                at[2] = (at[2] + self.sides[0]) % c
        return at[0] + a * (at[1] + b * at[2])


class Model:
    def __init__(self, n_cubes, torus, limit, jobs, faults, policy, spares, fifo, times):
        self.n, self.torus, self.limit = n_cubes, torus, limit
        self.jobs, self.faults = jobs, faults
        self.policy, self.spares_wanted, self.fifo, self.times = policy, spares, fifo, times
        self.owner = [None] * n_cubes  # of a whole cube
        self.used_hosts = [set() for _ in range(n_cubes)]
        self.down = [[0] * HOSTS for _ in range(n_cubes)]
        self.spare = set()
        self.circuits = [{} for _ in range(3)]  # dimension: + cube -> - cube, all 16 alike
        self.queue, self.running = [], []
        self.now, self.moves = 0, 0
        self.refused = set()
        self.blocker = None
        self.used_time = self.healthy_time = 0

    # What is free

    def bad(self, cube):
        return {h for h in range(HOSTS) if self.down[cube][h]}

    def usable(self, cube):
        return self.owner[cube] is None and not self.used_hosts[cube] and not self.bad(cube)

    def free(self, spares=False):
        return [c for c in range(self.n) if self.usable(c) and (spares or c not in self.spare)]

    def free_hosts(self, job):
        total = 0
        for c in range(self.n):
            if c in self.spare or self.owner[c] is not None or (job.whole and self.bad(c)):
                continue
            total += HOSTS - len(self.used_hosts[c] | self.bad(c))
        return total

    def boxes(self, job, cubes):
        """Every box of the job's sides among the cubes, as a set, with its neighbours that are not free."""
        size = self.torus
        found = {}
        for turn in set(itertools.permutations(job.sides)):
            if any(t > s for t, s in zip(turn, size)):
                continue
            for origin in itertools.product(*(range(s) for s in size)):
                inside = {tuple((o + d) % s for o, d, s in zip(origin, offset, size))
                          for offset in itertools.product(*(range(t) for t in turn))}
                numbers = frozenset(x + size[0] * (y + size[1] * z) for x, y, z in inside)
                if len(numbers) < job.n_cubes or not numbers <= cubes:
                    continue
                contact = 0
                for d in range(3):
                    if turn[d] == size[d]:
                        continue
                    for cell in inside:
                        for step, edge in ((1, (origin[d] + turn[d] - 1) % size[d]), (-1, origin[d])):
                            if cell[d] != edge:
                                continue
                            other = list(cell)
                            other[d] = (other[d] + step) % size[d]
                            contact += other[0] + size[0] * (other[1] + size[1] * other[2]) not in cubes
                found[numbers] = max(contact, found.get(numbers, -1))
        return found

    def part_places(self, job):
        return [(c, block) for c in range(self.n) if self.owner[c] is None and c not in self.spare
                for block in host_blocks(job.chips) if not block & (self.used_hosts[c] | self.bad(c))]

    def can_place(self, job):
        if not job.whole:
            return bool(self.part_places(job))
        if self.policy == "fixed":
            return bool(self.boxes(job, set(self.free(True))))
        return len(self.free()) >= job.n_cubes

    # Circuits

    def links(self, job, cubes):
        return {(d, cubes[p], cubes[job.next_position(p, d)]) for p in range(job.n_cubes) for d in range(3)}

    def connect(self, job, cubes, leaving=()):
        standing = {(d, a, b) for d in range(3) for a, b in self.circuits[d].items()}
        touched = set(cubes) | set(leaving)
        wanted = self.links(job, cubes)
        removed = {link for link in standing if (link[1] in touched or link[2] in touched) and link not in wanted}
        added = wanted - standing
        for d, a, _ in removed:
            del self.circuits[d][a]
        for d, a, b in added:
            self.circuits[d][a] = b
        return 16 * (len(removed) + len(added))

    def darken(self, cube):
        gone = {(d, a) for d in range(3) for a, b in self.circuits[d].items() if cube in (a, b)}
        for d, a in gone:
            del self.circuits[d][a]
        return 16 * len(gone)

    # Steps

    def expect(self, step, job, entry):
        check(entry is not None, "the log ends, but", step, "of job", job.number, "at", self.now, "is due")
        check((entry["step"], entry["timeMs"], entry["job"]) == (step, self.now, job.number),
              "expected", step, "of job", job.number, "at", self.now, "and found", entry)
        return entry

    def take(self):
        self.at += 1
        return self.log[self.at - 1] if self.at <= len(self.log) else None

    def start(self, job):
        entry = self.expect("start", job, self.take())
        if job.whole:
            cubes = entry["cubes"]
            check(len(set(cubes)) == job.n_cubes and set(cubes) <= set(self.free(self.policy == "fixed")), "cubes not free:", entry)
            if self.policy == "first-fit":
                check(cubes == self.free()[:job.n_cubes], "not the lowest free cubes:", entry)
            moves = 0
            if self.policy == "fixed":
                boxes = self.boxes(job, set(self.free(True)))
                check(boxes.get(frozenset(cubes)) == max(boxes.values()), "not the best box:", entry)
            else:
                moves = self.connect(job, cubes)
            for c in cubes:
                self.owner[c] = job
            job.cubes, job.hosts = cubes, None
        else:
            cube, block = entry["cubes"][0], frozenset(h for h in range(HOSTS) if entry["hosts"] >> h & 1)
            check((cube, block) in self.part_places(job), "no place for a part:", entry)
            moves = self.darken(cube)
            self.used_hosts[cube] |= block
            job.cubes, job.hosts = [cube], block
        check(entry["moves"] == moves, "expected", moves, "mirror moves:", entry)
        self.moves += moves
        self.leave_queue(job)
        job.state = "running"
        job.begin = self.now + (self.times["restart"] if job.has_run else 0)
        job.has_run = True
        job.end = job.begin + job.left
        self.running.append(job)

    def leave(self, job):
        if job.whole:
            for c in job.cubes:
                self.owner[c] = None
        else:
            self.used_hosts[job.cubes[0]] -= job.hosts
        self.running.remove(job)
        self.refused.clear()

    def finish(self, job):
        self.expect("end", job, self.take())
        self.leave(job)
        job.state, job.end_ms = "gone", self.now

    def enter_queue(self, job):
        job.state, job.queued_at = "queued", self.now
        self.queue.append(job)
        self.queue.sort(key=lambda j: j.number)

    def leave_queue(self, job):
        self.queue.remove(job)
        job.wait += self.now - job.queued_at

    def hit(self, job, cube):
        self.expect("hit", job, self.take())
        done = max(0, self.now - job.begin)
        every = self.times["checkpoint"]
        job.left -= done // every * every if every else 0
        if job.whole and self.policy != "fixed" and self.free(True):
            entry = self.expect("swap", job, self.take())
            position = job.cubes.index(cube)
            new = entry["cubes"][position]
            check(entry["cubes"] == job.cubes[:position] + [new] + job.cubes[position + 1:], "more than one cube swapped:", entry)
            ordinary = self.free()
            check(new in (ordinary or self.free(True)), "a spare for no need, or a cube that is not free:", entry)
            if self.policy == "first-fit":
                check(new == (ordinary or self.free(True))[0], "not the lowest cube:", entry)
            self.owner[cube], self.owner[new] = None, job
            self.spare.discard(new)
            job.cubes = list(entry["cubes"])
            moves = self.connect(job, job.cubes, [cube])
            check(entry["moves"] == moves, "expected", moves, "mirror moves:", entry)
            self.moves += moves
            job.begin = self.now + self.times["swap"] + self.times["restart"]
            job.end = job.begin + job.left
        else:
            self.expect("requeue", job, self.take())
            self.leave(job)
            self.enter_queue(job)

    def fault(self, cube, host, starts):
        before = self.bad(cube)
        self.down[cube][host] = max(0, self.down[cube][host] + (1 if starts else -1))
        changed = before ^ self.bad(cube)
        if not changed:
            return
        if not starts:
            self.refused.clear()
            return
        self.spare.discard(cube)
        # Jobs of one cube, in the order in which the log names them: it is not part of the description.
        for job in [j for j in self.running if cube in j.cubes and (j.whole or j.hosts & changed)]:
            self.hit(job, cube)

    def make_up_spares(self):
        if self.policy == "fixed":
            return
        for cube in reversed(range(self.n)):
            if len(self.spare) < self.spares_wanted and cube not in self.spare and self.usable(cube):
                self.spare.add(cube)

    def reserve(self, job):
        there = self.free_hosts(job)
        if there >= job.hosts_needed:
            return None
        for other in sorted(self.running, key=lambda j: (j.end, j.number)):
            there += other.hosts_needed
            if there >= job.hosts_needed:
                return [other.end, there - job.hosts_needed]
        return None

    def walk(self):
        reservation, first_blocked = None, False
        reserved = False
        self.blocker = None
        for job in list(self.queue):
            tried = job.shape not in self.refused
            if tried and first_blocked and not reserved:
                reservation, reserved = self.reserve(self.queue[0]), True
            if tried and first_blocked and reservation:
                end = self.now + (self.times["restart"] if job.has_run else 0) + job.left
                if end > reservation[0] and job.hosts_needed > reservation[1]:
                    continue
            if tried and self.can_place(job):
                self.start(job)
                if first_blocked and reservation and job.end > reservation[0]:
                    reservation[1] -= job.hosts_needed
                continue
            if tried:
                self.refused.add(job.shape)
            first_blocked = True
            late = self.now - job.queued_at > self.times["patience"]
            if self.fifo or (late and self.only_others_in_the_way(job)):
                self.blocker = job
                return

    def only_others_in_the_way(self, job):
        """Whether a pod with today's faults and nothing in it would give the job."""
        well = {c for c in range(self.n) if not self.bad(c) and c not in self.spare}
        if not job.whole:
            return True
        return bool(self.boxes(job, well)) if self.policy == "fixed" else len(well) >= job.n_cubes

    def waits_for_shape(self, job):
        return self.free_hosts(job) >= job.hosts_needed

    def pass_time(self, until):
        span = until - self.now
        behind = self.blocker is not None and self.blocker.shape in self.refused and self.waits_for_shape(self.blocker)
        for job in self.queue:
            if (job.shape in self.refused or behind) and self.waits_for_shape(job):
                job.shape_wait += span
        for c in range(self.n):
            self.used_time += span * (HOSTS if self.owner[c] is not None else len(self.used_hosts[c]))
            self.healthy_time += span * (HOSTS - len(self.bad(c)))
        self.now = until

    def possible(self, job):
        if not job.whole:
            return True
        if self.policy == "fixed":
            return bool(self.boxes(job, set(range(self.n))))
        return job.n_cubes <= self.limit and job.n_cubes + self.spares_wanted <= self.n

    def run(self, log):
        self.log, self.at = log, 0
        coming, faults = list(self.jobs), list(self.faults)
        self.make_up_spares()
        while coming or self.running or (self.queue and faults):
            then = min([j.end for j in self.running] + [f[0] for f in faults[:1]] + [j.arrival for j in coming[:1]])
            self.pass_time(then)
            while True:
                ending = sorted((j for j in self.running if j.end == then), key=lambda j: j.number)
                if not ending:
                    break
                self.finish(ending[0])
            while faults and faults[0][0] == then:
                self.fault(*faults.pop(0)[1:])
            while coming and coming[0].arrival == then:
                job = coming.pop(0)
                if self.possible(job):
                    self.enter_queue(job)
                else:
                    self.expect("never", job, self.take())
                    job.state = "never"
            self.make_up_spares()
            self.walk()
        check(self.at == len(log), "the log goes on:", log[self.at:self.at + 1])
