"""What the benchmarks of a live daemon share: gRPC stubs, and the floor of a change: the slowest switch's journalled time plus
commits of the same rows timed in the same run."""
import json, pathlib, sqlite3, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def stubs(folder):
    """Makes the stubs in a folder and has them imported from there."""
    protos = sorted(str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto/heliostat/v1").glob("*.proto"))
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}", f"--grpc_python_out={folder}",
                    "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *protos], check=True)
    sys.path.insert(0, str(folder))


def commit_us(folder):
    """The median time of one commit of a slice's rows, as durable as the daemon's."""
    database = sqlite3.connect(folder / "commit.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute("create table row(id integer primary key, text text) strict")
    taken = []
    for _ in range(40):
        started = time.monotonic_ns()
        database.execute("begin")
        for _ in range(12):
            database.execute("insert into row(text) values(?)", ("x" * 120,))
        database.execute("commit")
        taken.append((time.monotonic_ns() - started) / 1000)
    return statistics.median(taken)


class Journals:
    def __init__(self, folder):
        self.folder, self.offsets = folder, {}

    def slowest_us(self, begins, ends):
        """Of the switch that took longest since the last call: from the first entry that begins to the last after it that ends."""
        slowest = 0
        for path in self.folder.glob("*.jsonl"):
            first = last = None
            with open(path) as file:
                file.seek(self.offsets.get(path.name, 0))
                for line in file:
                    entry = json.loads(line)
                    if first is None and begins(entry):
                        first = entry["received_us"]
                    if first is not None and ends(entry):
                        last = entry["time_us"]
                self.offsets[path.name] = file.tell()
            if last is not None:
                slowest = max(slowest, last - first)
        return slowest

    def slowest_change_us(self):
        """First byte of a change to the last answer."""
        return self.slowest_us(lambda entry: entry.get("moves"), lambda entry: entry.get("answer"))

    def slowest_read_back_us(self):
        """First request of a session to the answer with its map."""
        return self.slowest_us(lambda entry: entry["cause"] == "scpi",
                               lambda entry: entry["cause"] == "scpi" and "conn:stat?" in entry.get("request", ""))
