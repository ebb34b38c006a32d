"""The daemon's API through grpcio, for tests with thousands of requests. Run by Debian's python3, which has it."""
import pathlib, shutil, subprocess, sys, tempfile, uuid

import grpc

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STUBS = pathlib.Path(tempfile.mkdtemp(prefix="heliostat-stubs-"))
subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={STUBS}", f"--grpc_python_out={STUBS}",
                f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
                *map(str, (ROOT / "proto/heliostat/v1").glob("*.proto"))], check=True)
sys.path.insert(0, str(STUBS))
from heliostat.v1 import common_pb2, cube_pb2, cube_pb2_grpc, operation_pb2, operation_pb2_grpc, pod_pb2, pod_pb2_grpc, slice_pb2, slice_pb2_grpc

LIMIT_S = 60
REFUSAL = b"type.googleapis.com/heliostat.v1.Refusal"


class Refused(Exception):
    def __init__(self, error):
        super().__init__(f"{error.code()}: {error.details()}")
        self.refusal = self.read(dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b""))
        self.reason = common_pb2.Reason.Name(self.refusal.reason) if self.refusal else ""

    @staticmethod
    def read(details):
        """The Refusal inside google.rpc.Status, from the bytes: field 2 of the Any that follows its type."""
        at = details.find(REFUSAL)
        if at < 0:
            return None
        at += len(REFUSAL) + 1
        length = shift = 0
        while True:
            byte = details[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80:
                return common_pb2.Refusal.FromString(details[at:at + length])


def number(name):
    return int(name.rsplit("-", 1)[-1])


class Client:
    def __init__(self, socket):
        channel = grpc.insecure_channel(f"unix:{socket}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.slices = slice_pb2_grpc.SliceServiceStub(channel)
        self.pods = pod_pb2_grpc.PodServiceStub(channel)
        self.cubes = cube_pb2_grpc.CubeServiceStub(channel)
        self.operations = operation_pb2_grpc.OperationServiceStub(channel)

    @staticmethod
    def mutation(**fields):
        return common_pb2.Mutation(request_id=uuid.uuid4().hex, **fields)

    @staticmethod
    def call(method, request):
        try:
            return method(request, timeout=LIMIT_S)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def wait(self, operation):
        """Until every circuit is read back as intended."""
        last = operation
        for reply in self.operations.WaitOperation(operation_pb2.WaitOperationRequest(id=operation.id, wait_for=operation_pb2.WAIT_FOR_READY),
                                                   timeout=LIMIT_S):
            last = reply.operation
        assert last.state == operation_pb2.OPERATION_STATE_DONE, last
        return last

    def get(self, name):
        return self.call(self.slices.GetSlice, slice_pb2.GetSliceRequest(name=name)).slice

    def list(self):
        return self.call(self.slices.ListSlices, slice_pb2.ListSlicesRequest()).slices

    def create(self, name, topology, **fields):
        reply = self.call(self.slices.CreateSlice, slice_pb2.CreateSliceRequest(
            mutation=self.mutation(), spec=slice_pb2.SliceSpec(name=name, topology=topology, **fields)))
        self.wait(reply.operation)
        return self.get(name)

    def delete(self, name):
        self.call(self.slices.DeleteSlice, slice_pb2.DeleteSliceRequest(mutation=self.mutation(), name=name))

    def swap(self, name, cubes):
        reply = self.call(self.slices.SwapSlice, slice_pb2.SwapSliceRequest(mutation=self.mutation(), name=name, cubes=cubes))
        self.wait(reply.operation)
        return self.get(name)

    def mark(self, cube, health, reason):
        self.call(self.pods.MarkCube, pod_pb2.MarkCubeRequest(mutation=self.mutation(), cube=cube, health=health, reason=reason))

    def release(self, cube, reason):
        self.call(self.cubes.ReleaseCube, cube_pb2.ReleaseCubeRequest(mutation=self.mutation(), cube=cube, reason=reason))

    def capacity(self):
        return self.call(self.pods.GetCapacity, pod_pb2.GetCapacityRequest()).capacity


def cubes_of(piece):
    return [number(p.cube) for p in sorted(piece.positions, key=lambda p: p.index)]
