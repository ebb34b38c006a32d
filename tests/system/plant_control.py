"""Speaks to heliosim's control socket: JSON lines, one answer a line."""
import json, socket


class PlantControl:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")

    def ask(self, op, target="", when=None, **args):
        request = {"op": op, "target": target, "args": args}
        if when:
            request["when"] = when
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if "error" in answer:
            raise RuntimeError(f"heliosim: {request}: {answer['error']}")
        return answer["ok"]

    def set(self, target, **settings):
        self.ask("set", target, **{key.replace("_", "-"): value for key, value in settings.items()})
