#!/usr/bin/python3
"""A cluster scheduler in one file: gets a slice, runs a job on it, repairs it, gives it back.

    scheduler.py --socket SOCKET --stubs DIR --name train --topology 8x8x8 -- COMMAND...

COMMAND is started with the environment of rank 0; a real scheduler starts it on every host of the slice. DIR holds
what protoc makes of the .proto files; docs/schedulers.md has the command. Nothing else of Heliostat is needed.

Exit status: that of COMMAND; 4 refused for good; 6 not within the patience; 1 anything else."""
import argparse, os, queue, subprocess, sys, threading, time, uuid

import grpc

arguments = argparse.ArgumentParser()
arguments.add_argument("--socket", required=True)
arguments.add_argument("--stubs", required=True)
arguments.add_argument("--name", required=True)
arguments.add_argument("--topology", required=True)
arguments.add_argument("--alternative", action="append", default=[], help="topologies to try when it does not fit")
arguments.add_argument("--patience-s", type=float, default=600, help="how long to wait for capacity, or for an answer")
arguments.add_argument("command", nargs="+")
arguments = arguments.parse_args()

sys.path.insert(0, arguments.stubs)
import rpc_status_pb2
from heliostat.v1 import (common_pb2, event_pb2, event_pb2_grpc, operation_pb2, operation_pb2_grpc, slice_pb2, slice_pb2_grpc)


class Refused(Exception):
    """The daemon's no: .refusal is a heliostat.v1.Refusal."""

    def __init__(self, refusal):
        super().__init__(f"{common_pb2.Reason.Name(refusal.reason)}: {refusal.text}")
        self.refusal = refusal


def refusal_of(error):
    """The heliostat.v1.Refusal of a failed call, or None where the call did not get that far."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in rpc_status_pb2.Status.FromString(value).details:
                if detail.type_url == "type.googleapis.com/heliostat.v1.Refusal":
                    return common_pb2.Refusal.FromString(detail.value)
    return None


class Heliostat:
    def __init__(self, socket, patience_s):
        channel = grpc.insecure_channel("unix:" + socket, [("grpc.max_reconnect_backoff_ms", 1000)])
        self.slices = slice_pb2_grpc.SliceServiceStub(channel)
        self.operations = operation_pb2_grpc.OperationServiceStub(channel)
        self.events = event_pb2_grpc.EventServiceStub(channel)
        self.patience_s = patience_s

    def call(self, method, request):
        """One answer, or Refused. A lost answer is asked for again: the request id in the request makes that safe."""
        give_up = time.monotonic() + self.patience_s
        while True:
            try:
                return method(request, timeout=10, wait_for_ready=True)
            except grpc.RpcError as error:
                refusal = refusal_of(error)
                may_help = refusal.retry == common_pb2.RETRY_LATER if refusal else \
                    error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
                if not may_help or time.monotonic() > give_up:
                    raise Refused(refusal) if refusal else error
                time.sleep(0.5)

    def create(self, spec):
        """The slice and its operation, as soon as there is room. The watch is open before the first question, so that no
        capacity that comes free in between is missed."""
        give_up = time.monotonic() + self.patience_s
        watch = self.events.Watch(event_pb2.WatchRequest(), wait_for_ready=True, timeout=self.patience_s + 60)
        for said in watch:
            # PROGRESS comes every ten seconds: some changes, such as a switch that is back, free no cube but help.
            if said.type == event_pb2.WATCH_TYPE_EVENT and said.event.kind != "CAPACITY_CHANGED":
                continue
            if said.type in (event_pb2.WATCH_TYPE_SNAPSHOT, event_pb2.WATCH_TYPE_RESYNC):
                continue
            try:
                # Refusals are not remembered, so the same request id would do; a new one per attempt is simpler to log.
                reply = self.call(self.slices.CreateSlice, slice_pb2.CreateSliceRequest(mutation=mutation(), spec=spec))
                watch.cancel()
                return reply.slice, reply.operation
            except Refused as no:
                if no.refusal.retry == common_pb2.RETRY_NEVER or time.monotonic() > give_up:
                    raise
                say(f"not now: {no}; would succeed if {no.refusal.would_fit_if or 'something changes'}")

    def wait_until_usable(self, name, operation):
        """Follows the operation to its end, over restarts of the daemon, and returns the slice."""
        done = False
        while not done:
            request = operation_pb2.WaitOperationRequest(id=operation.id, wait_for=operation_pb2.WAIT_FOR_READY)
            try:
                for said in self.operations.WaitOperation(request, timeout=300, wait_for_ready=True):
                    say(f"{said.operation.circuits_done} of {said.operation.circuits_total} circuits")
                done = True
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.NOT_FOUND:  # done long ago
                    done = True
                elif error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
        return self.get(name)

    def get(self, name):
        return self.call(self.slices.GetSlice, slice_pb2.GetSliceRequest(name=name)).slice

    def let_move(self, slice_):
        """The job is stopped: what has to leave the slice may move now. The other cubes keep their places and circuits."""
        say(f"{slice_.pending_disruption.cause or slice_.cause}: moving")
        request = slice_pb2.AcceptDisruptionRequest(mutation=mutation(), name=slice_.name, uid=slice_.uid)
        reply = self.call(self.slices.AcceptDisruption, request)
        return self.wait_until_usable(slice_.name, reply.operation)

    def delete(self, slice_):
        """The uid keeps a late repeat away from a namesake."""
        self.call(self.slices.DeleteSlice, slice_pb2.DeleteSliceRequest(mutation=mutation(), name=slice_.name, uid=slice_.uid))

    def tell_when_stopping(self, slice_, to):
        """Puts a word into the queue `to` when the job has to stop: its slice broke, or its circuits are to move. Runs in a
        thread of its own."""
        while True:
            try:
                for said in self.events.Watch(event_pb2.WatchRequest(slice=slice_.name), wait_for_ready=True):
                    if has_to_stop(said.slice) or said.event.kind == "DISRUPTION_PENDING" or (
                            said.event.kind == "SLICE_STATE" and said.event.after in ("INCOMPLETE", "FAILED")):
                        to.put(slice_.name)
            except grpc.RpcError:
                time.sleep(0.5)  # the daemon restarts; the mirrors stay as they are and so does the job


def has_to_stop(slice_):
    return slice_.state == slice_pb2.SLICE_STATE_INCOMPLETE or bool(slice_.pending_disruption.swaps)


def mutation():
    return common_pb2.Mutation(request_id=str(uuid.uuid4()))


def say(text):
    print("scheduler:", text, file=sys.stderr, flush=True)


def environment(slice_, host):
    """What a job on one host gets to know: the same variables as `helioctl slice env`."""
    hosts = sorted(slice_.hosts, key=lambda h: h.rank)
    part = {"HELIOSTAT_AXIS_MAP": ",".join(map(str, slice_.axis_map))} if slice_.axis_map else {}
    return {
        **part,
        "HELIOSTAT_SLICE": slice_.name, "HELIOSTAT_UID": str(slice_.uid), "HELIOSTAT_GENERATION": str(slice_.generation),
        "HELIOSTAT_POD": slice_.pod, "HELIOSTAT_TOPOLOGY": slice_.topology,
        "HELIOSTAT_BOUNDS": slice_.topology.split("_")[0].replace("x", ","),
        "HELIOSTAT_WRAP": ",".join(str(int(w)) for w in slice_.wrap), "HELIOSTAT_TWISTED": str(int(slice_.twisted)),
        "HELIOSTAT_RANK": str(host.rank), "HELIOSTAT_HOST_COUNT": str(len(hosts)),
        "HELIOSTAT_NODE": host.node_name, "HELIOSTAT_ADDRESS": host.address, "HELIOSTAT_CUBE": host.cube,
        "HELIOSTAT_CHIP_ORIGIN": ",".join(map(str, host.chip_origin)),
        "HELIOSTAT_HOSTS": ",".join(h.node_name for h in hosts),
        "HELIOSTAT_HOST_ADDRESSES": ",".join(h.address for h in hosts),
    }


def run_job(heliostat, slice_, command):
    """The exit status of the job. It is stopped when cubes of its slice have to leave, and started again when they have."""
    stop = queue.Queue()
    threading.Thread(target=heliostat.tell_when_stopping, args=(slice_, stop), daemon=True).start()
    while True:
        say(f"starting the job on {slice_.name}, generation {slice_.generation}")
        job = subprocess.Popen(command, env={**os.environ, **environment(slice_, slice_.hosts[0])})
        while job.poll() is None and not (heard(stop) and has_to_stop(slice_ := heliostat.get(slice_.name))):
            time.sleep(0.05)
        if job.poll() is not None:
            return job.returncode
        job.terminate()
        job.wait()
        while has_to_stop(slice_):
            # The controller looks at a dead cube for a while before it proposes what to do.
            if slice_.pending_disruption.why == slice_pb2.PENDING_WHY_OWNER:
                heliostat.let_move(slice_)
            time.sleep(0.5)
            slice_ = heliostat.get(slice_.name)


def heard(words):
    """Whether anything was in the queue, which is empty now."""
    found = False
    while not words.empty():
        found = bool(words.get())
    return found


def main():
    heliostat = Heliostat(arguments.socket, arguments.patience_s)
    spec = slice_pb2.SliceSpec(name=arguments.name, topology=arguments.topology, alternatives=arguments.alternative)
    try:
        slice_, operation = heliostat.create(spec)
        slice_ = heliostat.wait_until_usable(slice_.name, operation)
        try:
            if slice_.state not in (slice_pb2.SLICE_STATE_READY, slice_pb2.SLICE_STATE_DEGRADED):
                say(f"{slice_.name} is {slice_pb2.SliceState.Name(slice_.state)}: {slice_.cause}")
                return 1
            return run_job(heliostat, slice_, arguments.command)
        finally:
            heliostat.delete(slice_)
    except Refused as no:
        say(str(no))
        return 4 if no.refusal.retry == common_pb2.RETRY_NEVER else 6


sys.exit(main())
