"""What the switches themselves wrote down: every command that they were sent and every mirror that moved."""
import json, re

# They touch every circuit of a switch, also those of bystanders. In short and long forms.
FORBIDDEN = re.compile(r"conn(ect)?:only|disc(onnect)?:all|\*rst", re.IGNORECASE)


class JournalReader:
    """Reads on where it stopped. Every command is looked at once for words that must never be sent."""

    def __init__(self, folder):
        self.folder, self.offsets, self.commands = folder, {}, 0

    def entries(self):
        """(switch, entry) of every whole line that was written since."""
        out = []
        for path in sorted(self.folder.glob("*.jsonl")):
            with open(path) as file:
                file.seek(self.offsets.get(path.name, 0))
                while True:
                    at = file.tell()
                    line = file.readline()
                    if not line.endswith("\n"):
                        file.seek(at)
                        break
                    entry = json.loads(line)
                    assert not FORBIDDEN.search(entry.get("request", "")), f"{path.stem}: {entry}"
                    self.commands += entry["cause"] == "scpi"
                    out.append((path.stem, entry))
                self.offsets[path.name] = file.tell()
        return out

    def controller_moves(self):
        """(switch, A port, B port before, B port after) of what the controller moved since; 0 is none."""
        return [(ocs, move["a"], move["from"], move["to"]) for ocs, entry in self.entries() if entry["cause"] == "scpi"
                for move in entry.get("moves", [])]
