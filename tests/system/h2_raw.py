"""HTTP/2 by hand on a Unix socket, so that a test can break every rule. hpack does the header compression."""
import socket, struct, time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def request_headers(path, extra=None):
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost", "te": "trailers",
               "content-type": "application/grpc"}
    headers.update(extra or {})
    return list(headers.items())


def message(raw):
    return struct.pack(">BI", 0, len(raw)) + raw


class Connection:
    def __init__(self, path, settings=b"", greet=True, limit_s=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))  # waits while the backlog is full
        self.socket.settimeout(limit_s)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.buffer = b""
        if greet:
            self.send(PREFACE + frame(SETTINGS, payload=settings))

    def send(self, raw):
        self.socket.sendall(raw)

    def headers(self, stream, headers, flags=END_HEADERS):
        self.send(frame(HEADERS, flags, stream, self.encoder.encode(headers)))

    def take(self):
        """The next frame as (kind, flags, stream, payload); None at the end of the connection."""
        while True:
            if len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + length:
                    kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
                    payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
                    return kind, flags, stream, payload
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self.buffer += more

    def until_closed(self):
        """All frames until the server closes the connection."""
        frames = []
        while (taken := self.take()) is not None:
            frames.append(taken)
        return frames

    def close(self):
        self.socket.close()


def unary(path, method, raw, extra, body=None):
    """One call; its headers and trailers in one dictionary, with "reset" for an error code."""
    connection = Connection(path)
    connection.headers(1, request_headers(method, extra))
    connection.send(frame(DATA, END_STREAM, 1, message(raw) if body is None else body))
    answer = {}
    while (taken := connection.take()) is not None:
        kind, flags, stream, payload = taken
        if stream != 1:
            continue
        if kind == HEADERS:
            answer.update(connection.decoder.decode(payload))
        if kind == RST_STREAM:
            answer["reset"] = int.from_bytes(payload, "big")
        if kind == RST_STREAM or flags & END_STREAM:
            break
    connection.close()
    return answer


def wait_until(what, condition, limit_s=60):
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.005)
