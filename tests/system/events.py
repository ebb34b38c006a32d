"""Events as a watcher gets them, with the time at which each arrived."""
import json, subprocess, threading, time

from harness import wait_until


class EventWatch:
    def __init__(self, world):
        self.events, self.lock, self.synced = [], threading.Lock(), False
        self.process = subprocess.Popen([world.build / "ctl/helioctl", "--socket", world.socket, "event", "watch", "-o", "jsonl"],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()
        wait_until("the watch has its snapshot", lambda: self.synced)

    def read(self):
        for line in self.process.stdout:
            at_us = time.time_ns() // 1000
            try:
                message = json.loads(line)
            except ValueError:
                continue
            with self.lock:
                self.synced = self.synced or message.get("type") == "WATCH_TYPE_SYNCED"
                if message.get("event"):
                    self.events.append((at_us, message["event"]))

    def mark(self):
        with self.lock:
            return len(self.events)

    def since(self, mark):
        """(wall time of arrival in us, event) of everything after a mark."""
        with self.lock:
            return self.events[mark:]

    def down(self):
        self.process.terminate()
        self.process.wait()
