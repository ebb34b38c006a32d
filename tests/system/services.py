"""Every service of proto/heliostat/v1, called through grpcio without generated stubs for each."""
import importlib, pathlib, shutil, subprocess, sys, tempfile, uuid

import grpc
from google.protobuf import descriptor_pool, message_factory

from harness import ROOT

NAMES = sorted(path.stem for path in (ROOT / "proto/heliostat/v1").glob("*.proto"))
STUBS = pathlib.Path(tempfile.mkdtemp(prefix="heliostat-stubs-"))
subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={STUBS}",
                *(f"heliostat/v1/{name}.proto" for name in NAMES)], check=True, cwd=ROOT / "proto")
sys.path.insert(0, str(STUBS))
modules = {name: importlib.import_module(f"heliostat.v1.{name}_pb2") for name in NAMES}
common, slice_, host = modules["common"], modules["slice"], modules["host"]


def methods():
    """(path, method descriptor) of all of them."""
    for module in modules.values():
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield f"/{service.full_name}/{method.name}", method


def message_class(descriptor):
    return getattr(modules[pathlib.PurePath(descriptor.file.name).stem], descriptor.name)


METHODS = dict(methods())


class Outcome:
    """How a call ended: the status code's name, its text, the Refusal, and the messages that came."""

    def __init__(self, code, text="", refusal=None, messages=()):
        self.code, self.text, self.refusal, self.messages = code, text, refusal, list(messages)

    def __repr__(self):
        return f"{self.code} {self.text!r} {self.refusal}"

    @property
    def reason(self):
        return common.Reason.Name(self.refusal.reason) if self.refusal else ""


def refusal_of(error):
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    at = raw.find(b"heliostat.v1.Refusal") if raw else -1
    if at < 0:
        return None
    at += len(b"heliostat.v1.Refusal") + 1
    size = shift = 0
    while True:
        size |= (raw[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not raw[at - 1] & 0x80:
            break
    refusal = common.Refusal()
    refusal.ParseFromString(raw[at:at + size])
    return refusal


class Services:
    def __init__(self, target, credentials=None, options=()):
        options = [("grpc.use_local_subchannel_pool", 1), *options]
        self.channel = (grpc.secure_channel(target, credentials, options) if credentials
                        else grpc.insecure_channel(target, options))

    def call(self, path, request=None, timeout_s=60, most=1000, metadata=None):
        """Streams end after `most` messages."""
        method = METHODS[path]
        request = request if request is not None else message_class(method.input_type)()
        serialize, parse = type(request).SerializeToString, message_class(method.output_type).FromString
        streams = path.rsplit("/", 1)[1] in STREAMED_REQUESTS, path.rsplit("/", 1)[1] in STREAMED_REPLIES
        try:
            if streams[0]:
                return Outcome("OK", messages=[self.channel.stream_unary(path, serialize, parse)(iter([request]), timeout=timeout_s)])
            if streams[1]:
                stream, got = self.channel.unary_stream(path, serialize, parse)(request, timeout=timeout_s), []
                for message in stream:
                    got.append(message)
                    if len(got) >= most:
                        stream.cancel()
                        break
                return Outcome("OK", messages=got)
            return Outcome("OK", messages=[self.channel.unary_unary(path, serialize, parse)(request, timeout=timeout_s)])
        except grpc.RpcError as error:
            return Outcome(error.code().name, error.details() or "", refusal_of(error))


STREAMED_REQUESTS = {"ImportInventory"}
STREAMED_REPLIES = {"Watch", "WaitOperation", "GetSnapshot"}


def mutation(request_id=None, **fields):
    return common.Mutation(request_id=request_id or uuid.uuid4().hex, **fields)
