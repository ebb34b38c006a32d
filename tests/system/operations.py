"""What the scenario tests of docs/operations/ share: a small pod, what an operator types, and who watches the bystanders."""
import datetime, json, os

from fabric_proof import Plant, check_slice
from harness import World, wait_until

SETTINGS = ["--set", "health.report_ttl_ms=6000", "--set", "health.host_silent_ms=8000", "--set", "ocs.audit_period_s=3600"]


class Story:
    """Commands as an operator types them; HELIOSTAT_TRANSCRIPT=FILE keeps what was typed and answered."""

    def __init__(self, world):
        self.world = world
        path = os.environ.get("HELIOSTAT_TRANSCRIPT")
        self.out = open(path, "w") if path else None
        self.read = {}

    def note(self, text):
        if self.out:
            self.out.write(f"\n# {text}\n")

    def types(self, *args, status=0):
        result = self.world.run(*args)
        text = result.stdout + result.stderr
        if self.out:
            shown = " ".join(f"'{a}'" if " " in a else a for a in args if a != "--yes").replace(str(self.world.dir), ".run")
            self.out.write(f"$ helioctl {shown}\n{text.replace(str(self.world.dir), '.run')}")
            self.out.flush()
        assert result.returncode == status, f"{args}: exit {result.returncode}, not {status}\n{text}"
        return text

    def plant(self, *args):
        if self.out:
            self.out.write(f"$ heliosim ctl {' '.join(args)}\n")
            self.out.flush()
        self.world.plant(*args)

    def slice(self, name):
        return self.world.json("slice", "get", name)["slice"]

    def state(self, name):
        return self.slice(name)["state"].removeprefix("SLICE_STATE_")

    def ocs(self, name):
        return next(o for o in self.world.json("ocs", "list")["ocses"] if o["name"].endswith(name))

    def cube(self, name):
        return next(c for c in self.world.cubes() if c["name"].endswith(name))

    def moves(self):
        """Circuits that the controller made or took down since the last call, in the order of the plant's clock:
        (switch, A, from B, to B)."""
        found = []
        for path in sorted(self.world.journals.glob("*.jsonl")):
            with open(path) as file:
                file.seek(self.read.get(path.name, 0))
                while True:
                    at = file.tell()
                    line = file.readline()
                    if not line.endswith("\n"):
                        file.seek(at)
                        break
                    entry = json.loads(line)
                    if entry["cause"] == "scpi":
                        found += [(entry["time_us"], path.stem.rsplit("/", 1)[-1], m["a"], m["from"], m["to"]) for m in entry.get("moves", [])]
                self.read[path.name] = file.tell()
        return [move[1:] for move in sorted(found, key=lambda move: move[0])]

    def ports_of(self, slice_name):
        """The (switch, A port) pairs of a slice's circuits."""
        return {(c["ocs"].rsplit("/", 1)[-1], c["a"]) for c in self.world.json("circuit", "list", "--slice", slice_name)["circuits"]}


def cubes_of(story, name):
    """In the order of positions, without the pod."""
    return [p["cube"].rsplit("/", 1)[-1] for p in sorted(story.slice(name)["positions"], key=lambda p: p["index"])]


def is_ready(story, name):
    """The slice as it is, once every circuit is read back and every far end was seen."""
    piece = story.slice(name)
    return piece["state"] == "SLICE_STATE_READY" and piece["qualified"] == "QUALIFIED_PASSED" and piece


def age_s(when):
    """Seconds since a time that the controller told."""
    then = datetime.datetime.fromisoformat(when.replace("Z", "+00:00"))
    return (datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()


def alarms(story):
    return {(a["kind"], a["object"]) for a in story.world.json("alarm", "list")["alarms"]}


def proved(story, names):
    """Every slice is its torus, by what the switches answer themselves."""
    ocses = story.world.json("ocs", "list")["ocses"]
    addresses = {o["name"].rsplit("/", 1)[-1]: o["address"] for o in ocses}
    plant = Plant(story.world.ctl("fiber", "export"), addresses, ocses[0]["portsA"])
    far = plant.far_ends(plant.read())
    for name in names:
        wrong = check_slice(story.slice(name)["topology"], [int(c[-2:]) for c in cubes_of(story, name)], far)
        assert not wrong, f"{name}: {len(wrong)} wrong links: {wrong[:3]}"


class Bystanders:
    """Slices none of whose circuits may change, not for a moment: judged from the switches' own journals."""

    def __init__(self, story, names):
        self.story, self.names = story, names
        self.ports = {port: name for name in names for port in story.ports_of(name)}
        story.moves()

    def judge(self):
        """Returns the moves since the last call, after none of them was found to be a bystander's."""
        moved = self.story.moves()
        touched = [(self.ports[(ocs, a)], ocs, a) for ocs, a, _, _ in moved if (ocs, a) in self.ports]
        assert not touched, f"circuits of bystanders moved: {touched[:3]}"
        for name in self.names:
            assert self.story.state(name) == "READY", f"{name} is {self.story.state(name)}"
        return moved


def restart(world):
    """The daemon dies at once and comes back."""
    world.kill_daemon()
    world.start_daemon()
