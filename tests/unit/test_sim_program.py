"""Runs heliosim on a plant of 2 cubes a pod in a folder of its own; the program is the first word of the command line."""
import json, pathlib, shutil, socket, subprocess, sys, tempfile, time

PROGRAM = sys.argv[1]
PORTS = 8


def pod(name):
    ocses, fibers = [], []
    for i in range(16):
        for dimension in "xyz":
            ocs = f"{name}/ocs-{dimension}-{i:02}"
            ocses.append({"name": ocs, "portsA": PORTS, "portsB": PORTS})
            for cube in range(2):
                for side, sign in (("A", "+"), ("B", "-")):
                    fibers.append({"cube": cube, "face": sign + dimension, "index": i, "ocs": ocs, "side": side, "port": cube + 1})
    return {"name": name, "cubes": [{"name": f"{name}/cube-{c:02}", "index": c} for c in range(2)], "ocses": ocses, "fibers": fibers}


def wait_until(what, condition, limit_s=30):
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.005)
    return value


class Sim:
    def __init__(self, pods, *flags):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="heliosim-test-"))
        (self.dir / "plant.json").write_text(json.dumps({"pods": pods}))
        self.control = self.dir / "c.sock"
        self.endpoints = self.dir / "endpoints"
        self.process = subprocess.Popen([PROGRAM, "--plant", self.dir / "plant.json", "--control", self.control, "--base-port", "0",
                                         "--endpoints", self.endpoints, *flags], stdout=subprocess.DEVNULL)
        wait_until("the endpoints are written", lambda: self.endpoints.exists() or self.process.poll() is not None)
        self.addresses = dict(line.split() for line in self.endpoints.read_text().splitlines())

    def connect(self, ocs="pod/ocs-x-05"):
        host, port = self.addresses[ocs].split(":")
        return Session(socket.create_connection((host, int(port)), timeout=30))

    def run(self, *words):
        return subprocess.run([PROGRAM, "ctl", "--control", self.control, *words], capture_output=True, text=True, timeout=30)

    def ctl(self, *words):
        result = self.run(*words)
        assert result.returncode == 0, (words, result)
        return result.stdout

    def refuses(self):
        try:
            self.connect().close()
            return False
        except ConnectionRefusedError:
            return True

    def sessions(self):
        status = json.loads(self.ctl("status"))
        return next(s["sessions"] for s in status["switches"] if s["name"] == "pod/ocs-x-05")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        status = self.process.wait(timeout=30)
        if not error[0]:
            assert status == 0, f"heliosim ended with {status}"
            assert not self.control.exists(), "the control socket is left behind"
        shutil.rmtree(self.dir)


class Session:
    def __init__(self, connection):
        self.socket, self.file = connection, connection.makefile("rb")

    def send(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def ask(self, line):
        self.send(line)
        return self.file.readline().decode().rstrip("\n")

    def close(self):
        self.file.close()
        self.socket.close()

    def silent(self):
        """Nothing has come; no proof, but it turns red when something usually does."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1) is None
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(30)

    def end(self):
        """How the connection ends: what still came, and whether by a reset."""
        data = b""
        try:
            while piece := self.socket.recv(4096):
                data += piece
            return data.decode(), "close"
        except ConnectionResetError:
            return data.decode(), "reset"
