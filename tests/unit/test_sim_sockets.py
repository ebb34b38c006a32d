#!/usr/bin/env python3
"""heliosim as a program: its listeners, control socket, journals and the faults of a connection, over real sockets.

usage: test_sim_sockets.py HELIOSIM"""
import json, socket, subprocess

from test_sim_program import PORTS, PROGRAM, Sim, pod, wait_until


def add(*pairs):
    return f":oxc:swit:conn:add (@{','.join(str(a) for a, _ in pairs)}),(@{','.join(str(PORTS + b) for _, b in pairs)});*opc?"


STAT = ":oxc:swit:conn:stat?"
IDENTITY = f"Polatis,N-VST-{PORTS}x{PORTS}-LA1-DMHNV-701,SIM-pod-ocs-x-05,6.5.1.7"


def test_every_switch_answers_and_keeps_its_journal():
    with Sim([pod("pod")]) as sim:
        assert len(sim.addresses) == 48 and len(set(sim.addresses.values())) == 48
        sessions = {name: sim.connect(name) for name in sim.addresses}
        for session in sessions.values():
            session.send(add((1, 2), (2, 1)))
        for name, session in sessions.items():
            assert session.file.readline() == b"1\n", name
            assert session.ask(STAT) == "(@1,2),(@10,9)"
        lines = [json.loads(l) for l in (sim.dir / "journals" / "ocs-z-15.jsonl").read_text().splitlines()]
        assert [json.loads(l) for l in sim.ctl("journal", "ocs-z-15").splitlines()] == lines
        assert lines.pop(0)["cause"] == "start"
        assert lines[0]["request"] == add((1, 2), (2, 1)) and lines[0]["answer"] is None
        assert [(m["a"], m["from"], m["to"]) for m in lines[0]["moves"]] == [(1, 0, 2), (2, 0, 1)]
        slowest_us = max(m["settle_us"] for m in lines[0]["moves"])
        assert lines[1]["answer"] == "1" and lines[1]["number"] == lines[0]["number"]
        assert lines[1]["time_us"] - lines[0]["time_us"] >= slowest_us >= 10000, "it answered before the mirrors had settled"
        assert lines[2]["answer"] == "(@1,2),(@10,9)" and not lines[2]["moves"]


def test_two_pods_have_journals_of_their_own():
    with Sim([pod("east"), pod("west")]) as sim:
        sim.connect("west/ocs-x-05").ask("*opc?")
        assert "*opc?" in (sim.dir / "journals" / "west_ocs-x-05.jsonl").read_text()
        assert "*opc?" not in (sim.dir / "journals" / "east_ocs-x-05.jsonl").read_text()
        result = sim.run("fail", "cube", "cube-01")
        assert result.returncode == 1 and "for example east/cube-01" in result.stderr, result
        sim.ctl("fail", "cube", "west/cube-01")


def test_refused_and_limited_connections():
    with Sim([pod("pod")]) as sim:
        first = sim.connect()
        assert first.ask("*idn?") == IDENTITY
        sim.ctl("set", "ocs-x-05", "refuse=yes")
        wait_until("connections are refused", sim.refuses)
        assert first.ask("*idn?") == IDENTITY
        sim.ctl("set", "ocs-x-05", "refuse=no", "session-limit=1")
        wait_until("connections are accepted", lambda: not sim.refuses())
        assert sim.connect().end() == ("", "close")
        assert first.ask("*idn?") == IDENTITY


def test_ended_connections():
    with Sim([pod("pod")]) as sim:
        for how in ("close", "reset"):
            session = sim.connect()
            session.ask("*opc?")
            sim.ctl("drop", "ocs-x-05", how)
            assert session.end() == ("", how)
        session = sim.connect()
        session.ask("*opc?")
        sim.ctl("drop", "ocs-x-05", "half-open")
        session.send("*idn?")
        other = sim.connect()
        assert other.ask("*idn?") == IDENTITY and sim.sessions() == 1, "the half-open one does not count"
        assert session.silent()
        sim.ctl("set", "ocs-x-05", "reset-percent=100")
        session = sim.connect()
        session.send("*idn?")
        text, how = session.end()
        assert how == "reset" and 0 < len(text) < len(IDENTITY) and IDENTITY.startswith(text), (text, how)


def test_a_frozen_switch_answers_when_it_thaws():
    with Sim([pod("pod")]) as sim:
        old = sim.connect()
        old.ask("*opc?")
        sim.ctl("set", "ocs-x-05", "frozen=yes")
        new = sim.connect()
        old.send("*idn?")
        new.send("*idn?")
        sim.ctl("status")
        assert old.silent() and new.silent()
        sim.ctl("set", "ocs-x-05", "frozen=no")
        assert old.file.readline().decode().strip() == new.file.readline().decode().strip() == IDENTITY


def test_a_fault_after_the_nth_command():
    with Sim([pod("pod")]) as sim:
        sim.ctl("--after-commands", "2", "--of", "ocs-x-05", "drop", "ocs-x-05", "reset")
        session = sim.connect()
        assert session.ask(add((1, 1))) == "1"
        session.send(add((2, 2)))
        assert session.end() == ("", "reset")
        assert sim.connect().ask(STAT) == "(@1,2),(@9,10)", "the command was executed, only its answer was lost"
        assert json.loads(sim.ctl("planned")) == []


def test_power():
    for restart, after in (("volatile", "(@),(@)"), ("preserved", "(@1),(@9)")):
        with Sim([pod("pod")]) as sim:
            sim.ctl("set", "ocs-x-05", f"restart={restart}", "boot-ms=50")
            session = sim.connect()
            assert session.ask(add((1, 1))) == "1"
            sim.ctl("fail", "ocs", "ocs-x-05")
            assert session.end() == ("", "reset")
            assert sim.refuses()
            sim.ctl("restore", "ocs", "ocs-x-05")
            wait_until("it boots", lambda: not sim.refuses())
            assert sim.connect().ask(STAT) == after
            causes = [json.loads(l)["cause"] for l in (sim.dir / "journals" / "ocs-x-05.jsonl").read_text().splitlines()]
            assert [c for c in causes if c != "scpi"] == ["start", "power off", "power on", "ready"], causes


def test_a_late_command():
    with Sim([pod("pod")]) as sim:
        sim.ctl("set", "ocs-x-05", "execute-delay-ms=300")
        dead = sim.connect()
        dead.send(add((1, 1)))
        dead.close()
        other = sim.connect()
        wait_until("the switch has seen the end of the connection", lambda: sim.sessions() == 1)
        wait_until("the command of the closed connection is executed", lambda: other.ask(STAT) == "(@1),(@9)")


def test_floods_are_bounded():
    with Sim([pod("pod")]) as sim:
        session = sim.connect()
        for _ in range(40):
            session.socket.sendall(b"x" * 65536)
        assert session.ask("\n:oxc:swit:size?;:syst:err?") == f'{PORTS},{PORTS};-363,"Input buffer overrun"'
        greedy = sim.connect()
        try:
            while True:
                greedy.socket.sendall(b"*idn?\n" * 10000)
        except ConnectionError:
            pass
        assert sim.connect().ask("*idn?") == IDENTITY


def test_the_control_socket_explains():
    with Sim([pod("pod")]) as sim:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(sim.control))
            file = connection.makefile()
            for line, part in (("nonsense", "not a line of JSON"), ("[]", "not a line of JSON with an object"),
                               ('{"op":"zap"}', "op: 'zap' is none of fail restore"),
                               ('{"op":"map","target":"ocs-q-00"}', "nothing called 'ocs-q-00', only pod/cube-00..pod/cube-01"),
                               ('{"op":"set","target":"ocs-x-05","args":{"stat":"x"}}', "only commanded|settled"),
                               ('{"op":"map","target":"ocs-x-05","when":{"after_ms":1}}', "changes nothing and cannot wait"),
                               ('{"op":"fail","target":"ocs-x-05","args":{"part":"ocs"},"when":{"after_ms":-1}}', "when: expected")):
                connection.sendall(line.encode() + b"\n")
                answer = json.loads(file.readline())
                assert list(answer) == ["error"] and part in answer["error"], (line, answer)
            connection.sendall(b'{"op":"help"}\n')
            assert {"fail", "set", "rival"} <= {op["op"] for op in json.loads(file.readline())["ok"]["ops"]}
        assert sim.run("nonsense").returncode == 2
        assert sim.run("fail", "cube").returncode == 2
        assert sim.run("fail", "cube", "cube-77").returncode == 1
        sim.ctl("rival", "ocs-x-05", "add", "A1", "B2")
        assert json.loads(sim.ctl("map", "ocs-x-05"))["circuits"][0]["b"] == 2
        second = subprocess.run([PROGRAM, "--plant", sim.dir / "plant.json", "--control", sim.control, "--base-port", "0"],
                                capture_output=True, text=True, timeout=30)
        assert second.returncode == 1 and "another heliosim answers there" in second.stderr, second


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for name, test in tests:
        test()
        print("ok", name, flush=True)
    print(f"count: {len(tests)} tests")


main()
