"""Starts the real programs in a folder of their own and stops them again.

Nothing here sleeps for a fixed time to make something true: it polls a condition until a deadline."""
import json, os, pathlib, signal, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class CommandFailed(Exception):
    def __init__(self, args, result):
        super().__init__(f"{' '.join(args)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        self.status = result.returncode
        self.text = result.stdout + result.stderr


def wait_until(what, condition, limit_s=60):
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s} s: {what}")
        time.sleep(0.01)


class World:
    """A pod on the emulated plant: heliosim, heliostatd and what helioctl says to it."""

    def __init__(self, build, model="tpu-v4", daemon_flags=(), sim_flags=()):
        self.build = pathlib.Path(build).resolve()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="heliostat-test-"))
        self.socket = self.dir / "heliostatd.sock"
        self.control = self.dir / "heliosim.sock"
        self.journals = self.dir / "journals"
        self.journals.mkdir()
        self.model = model
        self.daemon_flags = list(daemon_flags)
        self.sim_flags = list(sim_flags)
        self.daemon = self.sim = None

    def start_daemon(self):
        log = open(self.dir / "heliostatd.log", "ab")
        self.daemon = subprocess.Popen(
            [self.build / "daemon/heliostatd", "--db", self.dir / "heliostat.db", "--socket", self.socket, *self.daemon_flags],
            stdout=log, stderr=log)
        wait_until("the daemon answers", self.daemon_answers)

    def daemon_answers(self):
        if self.daemon.poll() is not None:
            raise RuntimeError("heliostatd ended: " + (self.dir / "heliostatd.log").read_text()[-2000:])
        return self.run("pod", "list").returncode == 0

    def start_sim(self):
        log = open(self.dir / "heliosim.log", "ab")
        endpoints = self.dir / "endpoints"
        self.sim = subprocess.Popen(
            [self.build / "sim/heliosim", "--plant", self.dir / "plant.json", "--control", self.control, "--daemon", self.socket,
             "--base-port", "0", "--endpoints", endpoints, "--journal", self.journals, *self.sim_flags],
            stdout=log, stderr=log)
        wait_until("heliosim wrote its endpoints", lambda: self.control.exists() and endpoints.exists())
        return endpoints

    def up(self):
        self.start_daemon()
        self.ctl("pod", "create", "pod", "--model", self.model)
        (self.dir / "plant.json").write_text(self.ctl("pod", "export"))
        endpoints = self.start_sim()
        self.ctl("ocs", "set-address", "--from", str(endpoints))
        wait_until("every switch was asked who it is", lambda: all(o["reportedSerial"] for o in self.json("ocs", "list")["ocses"]))
        self.ctl("ocs", "confirm", "--all")
        self.wait_in_sync()
        wait_until("the empty pod thaws by itself", lambda: not self.json("pod", "show")["pod"]["frozen"])
        wait_until("all hosts were heard", lambda: all(c["health"] == "HEALTH_HEALTHY" and c["hostsHeard"] == c["hosts"]
                                                       for c in self.cubes()))

    def wait_in_sync(self):
        wait_until("every switch is in sync", lambda: all(o["state"] == "OCS_STATE_IN_SYNC" for o in self.json("ocs", "list")["ocses"]))

    def run(self, *args):
        return subprocess.run([self.build / "ctl/helioctl", "--socket", self.socket, *args], capture_output=True, text=True, timeout=120)

    def ctl(self, *args):
        result = self.run(*args)
        if result.returncode != 0:
            raise CommandFailed(list(args), result)
        return result.stdout

    def json(self, *args):
        return json.loads(self.ctl(*args, "-o", "json"))

    def cubes(self):
        return self.json("pod", "show")["pod"]["cubes"]

    def slices(self):
        return self.json("slice", "list")["slices"]

    def plant(self, *args):
        subprocess.run([self.build / "sim/heliosim", "ctl", "--control", self.control, *args], check=True, capture_output=True, text=True, timeout=60)

    def kill_daemon(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def down(self):
        for process in (self.daemon, self.sim):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise RuntimeError("a program did not end within 20 s of SIGTERM")

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.report()
            self.down()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            self.report()
        self.down()

    def report(self):
        print(f"folder: {self.dir}", file=sys.stderr)
        for name in ("heliostatd.log", "heliosim.log"):
            path = self.dir / name
            if path.exists():
                print(f"--- {name}\n" + "\n".join(path.read_text().splitlines()[-30:]), file=sys.stderr)


def rotating_seed(label):
    """The next seed of a list that goes on from run to run; HELIOSTAT_SEED repeats one."""
    seed = int(os.environ.get("HELIOSTAT_SEED", time.time_ns() % 1_000_000))
    print(f"count: {label}: seed {seed} (repeat with HELIOSTAT_SEED={seed})", flush=True)
    return seed
