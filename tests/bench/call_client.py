"""A connection with one gRPC call at a time, for loops of many clients in one process."""
import pathlib, struct, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import h2_raw


class Client:
    """One connection with one call at a time."""

    def __init__(self, path, number):
        self.connection, self.stream, self.number, self.count = h2_raw.Connection(path), -1, number, 0

    def begin(self, path, raw):
        self.stream += 2
        self.count += 1
        self.connection.headers(self.stream, h2_raw.request_headers(path))
        self.connection.send(h2_raw.frame(h2_raw.DATA, h2_raw.END_STREAM, self.stream, h2_raw.message(raw)))
        self.began = time.monotonic()

    def has_ended(self):
        """Takes every frame that is here."""
        ended, more = False, True
        while more:
            kind, flags, stream, payload = self.connection.take()
            if kind == h2_raw.DATA and payload:
                self.connection.send(h2_raw.frame(h2_raw.WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
            ended = ended or (stream == self.stream and flags & h2_raw.END_STREAM and kind in (h2_raw.DATA, h2_raw.HEADERS))
            buffer = self.connection.buffer
            more = len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big")
        return ended
