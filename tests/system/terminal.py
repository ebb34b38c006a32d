"""A terminal for a program under test: a pty, and a reader of the VT100 and xterm sequences that ncurses sends."""
import fcntl, os, pty, re, select, struct, subprocess, termios, threading

from harness import wait_until

SEQUENCE = re.compile(rb"\x1b\[([?>]?)([0-9;]*)([@-~])|\x1b[()][A-Z0-9]|\x1b[=>78cDEHMNOZ]|\x1b\][^\x07]*\x07|[\x00-\x1f]|[^\x00-\x1f]")
UNFINISHED = re.compile(rb"\x1b(\[[?>]?[0-9;]*|[()]|\][^\x07]*)?$")


class Picture:
    """What stands on the screen. An unknown sequence is an error, so that none is missed."""

    def __init__(self, width, height):
        self.rest, self.x, self.y, self.cursor_is_shown, self.is_alternate = b"", 0, 0, True, False
        self.colours, self.last = 0, " "
        self.resize(width, height)

    def resize(self, width, height):
        self.width, self.height = width, height
        self.lines = [[" "] * width for _ in range(height)]
        self.x, self.y = min(self.x, width - 1), min(self.y, height - 1)
        self.top, self.bottom = 0, height - 1

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def feed(self, data):
        data = self.rest + data
        at = 0
        while at < len(data):
            if UNFINISHED.match(data, at):
                break
            found = SEQUENCE.match(data, at)
            if not found:
                raise AssertionError(f"not known: {data[at:at + 20]!r}")
            self.take(found)
            at = found.end()
        self.rest = data[at:]

    def scroll(self, n):
        for _ in range(abs(n)):
            if n > 0:
                del self.lines[self.top]
                self.lines.insert(self.bottom, [" "] * self.width)
            else:
                del self.lines[self.bottom]
                self.lines.insert(self.top, [" "] * self.width)

    def put(self, sign):
        if self.x >= self.width:
            self.x = 0
            self.line_feed()
        self.lines[self.y][self.x] = self.last = sign
        self.x += 1

    def line_feed(self):
        if self.y == self.bottom:
            self.scroll(1)
        else:
            self.y = min(self.y + 1, self.height - 1)

    def take(self, found):
        text = found.group(0)
        if found.group(3):
            self.control(found.group(1), [int(n) if n else 0 for n in found.group(2).split(b";")], found.group(3).decode())
        elif len(text) == 1 and text >= b" ":
            self.put(text.decode("latin-1"))
        elif text == b"\r":
            self.x = 0
        elif text == b"\n":
            self.line_feed()
        elif text == b"\b":
            self.x = max(self.x - 1, 0)
        elif text == b"\t":
            self.x = min(self.x // 8 * 8 + 8, self.width - 1)
        elif text == b"\x1bM":
            self.y = max(self.y - 1, 0)

    def control(self, private, numbers, final):
        line, n = self.lines[self.y], max(numbers[0], 1)
        if private:
            for number in numbers if final in "hl" else ():
                if number in (25, 1049):
                    setattr(self, {25: "cursor_is_shown", 1049: "is_alternate"}[number], final == "h")
            if 1049 in numbers and final == "h":
                self.resize(self.width, self.height)
        elif final in "Hf":
            self.y, self.x = min(n, self.height) - 1, min(max((numbers + [1])[1], 1), self.width) - 1
        elif final in "ABCD":
            self.x += {"C": n, "D": -n}.get(final, 0)
            self.y += {"B": n, "A": -n}.get(final, 0)
            self.x, self.y = max(0, min(self.x, self.width - 1)), max(0, min(self.y, self.height - 1))
        elif final == "G":
            self.x = min(n, self.width) - 1
        elif final == "d":
            self.y = min(n, self.height) - 1
        elif final == "J":
            first = {0: (self.y, self.x), 1: (0, 0), 2: (0, 0)}[numbers[0]]
            last = {0: (self.height, 0), 1: (self.y, self.x + 1), 2: (self.height, 0)}[numbers[0]]
            for y in range(self.height):
                for x in range(self.width):
                    if first <= (y, x) < last:
                        self.lines[y][x] = " "
        elif final == "K":
            begin, end = {0: (self.x, self.width), 1: (0, self.x + 1), 2: (0, self.width)}[numbers[0]]
            line[begin:end] = [" "] * (end - begin)
        elif final == "X":
            for x in range(self.x, min(self.x + n, self.width)):
                line[x] = " "
        elif final == "P":
            self.lines[self.y] = (line[:self.x] + line[self.x + n:] + [" "] * n)[:self.width]
        elif final == "@":
            self.lines[self.y] = (line[:self.x] + [" "] * n + line[self.x:])[:self.width]
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "r":
            self.top, self.bottom = n - 1, ((numbers + [0])[1] or self.height) - 1
            self.x = self.y = 0
        elif final in "ST":
            self.scroll(n if final == "S" else -n)
        elif final in "LM":
            top, self.top = self.top, self.y
            self.scroll(n if final == "M" else -n)
            self.top = top
        elif final == "m":
            self.colours += any(30 <= number <= 47 for number in numbers)
        elif final not in "hlt":
            raise AssertionError(f"not known: CSI {numbers} {final}")


class Terminal:
    """A program on a pty of its own. What it writes to stderr is kept apart."""

    def __init__(self, command, width=80, height=24, **environment):
        self.master, slave = pty.openpty()
        self.bytes, self.lock, self.picture = 0, threading.Lock(), Picture(width, height)
        self.failure = None
        self.set_size(width, height)
        self.before = termios.tcgetattr(slave)
        environment = {**{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}, "TERM": "xterm", **environment}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={k: v for k, v in environment.items() if v is not None})
        self.slave = slave
        self.is_open = True
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.is_open:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            with self.lock:
                self.bytes += len(data)
                try:
                    self.picture.feed(data)
                except Exception as error:
                    self.failure = error
                    return

    def set_size(self, width, height):
        with self.lock:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            self.picture.resize(width, height)

    def text(self):
        with self.lock:
            if self.failure:
                raise self.failure
            return self.picture.text()

    def press(self, keys):
        os.write(self.master, keys.encode())

    def until(self, what, condition, limit_s=60):
        """The picture of which condition(text) is true."""
        try:
            return wait_until(what, lambda: self.text() if condition(self.text()) else None, limit_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}; exit {self.process.poll()}\n{self.text()}") from None

    def end(self):
        """Waits for the program. (exit status, what it said, whether the terminal is as it was before)"""
        error = self.process.stderr.read().decode()
        status = self.process.wait(60)
        is_restored = termios.tcgetattr(self.slave) == self.before
        wait_until("all was read", lambda: not select.select([self.master], [], [], 0)[0])
        with self.lock:
            is_restored = is_restored and self.picture.cursor_is_shown and not self.picture.is_alternate
        return status, error, is_restored

    def close(self):
        self.is_open = False
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)
