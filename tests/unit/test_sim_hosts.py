#!/usr/bin/python3
"""The hosts of heliosim against a server that Debian's grpcio makes: what they report, and that they report at once.

usage: test_sim_hosts.py HELIOSIM"""
import collections, concurrent.futures, importlib, pathlib, subprocess, sys, tempfile, threading

import grpc

from test_sim_program import PORTS, Sim, pod, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
METHODS = "heliostat.v1.HostService"
NEVER = ("--report-interval-ms", "3600000")  # what is heard after the first round was sent because of a change


def messages(folder):
    names = ["heliostat/v1/common.proto", "heliostat/v1/host.proto"]
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}", *names], check=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("heliostat.v1.host_pb2")


class Controller:
    def __init__(self, folder, host_pb2):
        self.address, self.host_pb2 = folder / "daemon.sock", host_pb2
        self.lock = threading.Lock()
        self.start()

    def start(self):
        self.reports, self.count = {}, collections.Counter()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        method = grpc.unary_unary_rpc_method_handler(self.report_host, self.host_pb2.ReportHostRequest.FromString,
                                                     self.host_pb2.ReportHostResponse.SerializeToString)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(METHODS, {"ReportHost": method}),))
        self.server.add_insecure_port(f"unix:{self.address}")
        self.server.start()

    def stop(self):
        self.server.stop(None).wait()

    def report_host(self, request, context):
        report = request.report
        with self.lock:
            self.reports[(report.cube, report.host)] = report
            self.count[(report.cube, report.host)] += 1
        return self.host_pb2.ReportHostResponse(time_to_live_ms=10000)

    def links(self):
        """Optical link end -> what was last reported of it."""
        with self.lock:
            return {(cube, link.face, link.index): link for (cube, _), report in self.reports.items()
                    for link in report.links if link.optical}

    def heard(self, cube=None):
        with self.lock:
            return sum(1 for c, _ in self.reports if cube in (None, c))

    def wait_for(self, cube, face, index, far):
        """far: (cube, face, x, y, z), or None for dark."""
        def fits():
            link = self.links().get((cube, face, index))
            if link is None or link.light != (far is not None):
                return False
            return not far or (link.far_end.cube, link.far_face, link.far_end.x, link.far_end.y, link.far_end.z) == far
        wait_until(f"cube {cube} {face} {index} sees {far}", fits)


def main():
    with tempfile.TemporaryDirectory(prefix="heliosim-hosts-") as name:
        folder = pathlib.Path(name)
        controller = Controller(folder, messages(folder))
        with Sim([pod("pod")], "--daemon", str(controller.address), *NEVER) as sim:
            check(controller, sim)
        controller.stop()
    print("count: 1 plant of 32 hosts")


def check(controller, sim):
    wait_until("all hosts are heard", lambda: controller.heard() == 32)
    links = controller.links()
    assert len(links) == 2 * 96 and not any(link.light for link in links.values())
    for report in controller.reports.values():
        assert report.pod == "pod" and list(report.chips_ok) == [True] * 4 and len(report.links) == 24
    # A circuit: light at both ends, and the chip at the other one. Face index 6 on y: x 2, z 1.
    session = sim.connect("pod/ocs-y-06")
    assert session.ask(f":oxc:swit:conn:add (@1),(@{PORTS + 2});*opc?") == "1"
    controller.wait_for(0, "+y", 6, (1, "-y", 2, 0, 1))
    controller.wait_for(1, "-y", 6, (0, "+y", 2, 3, 1))
    # Its end.
    assert session.ask(f":oxc:swit:conn:sub (@1),(@{PORTS + 2});*opc?") == "1"
    controller.wait_for(0, "+y", 6, None)
    # Two crossed fibers show at the far end.
    assert session.ask(f":oxc:swit:conn:add (@1),(@{PORTS + 2});*opc?") == "1"
    sim.ctl("cross", "cube-00/+y/6", "cube-01/+z/3")
    controller.wait_for(1, "-y", 6, (1, "+z", 3, 0, 3))
    controller.wait_for(1, "+z", 3, (1, "-y", 2, 0, 1))
    sim.ctl("cross", "cube-00/+y/6", "cube-01/+z/3")
    controller.wait_for(1, "-y", 6, (0, "+y", 2, 3, 1))
    # A cube without power says nothing, its neighbour says dark; it comes back by itself.
    sim.ctl("fail", "cube", "cube-00")
    controller.wait_for(1, "-y", 6, None)
    with controller.lock:
        before = dict(controller.count)
    sim.ctl("set", "cube-00", "in-use=yes")
    assert session.ask(f":oxc:swit:conn:add (@2),(@{PORTS + 1});*opc?") == "1"
    controller.wait_for(1, "+y", 6, None)
    assert sim.connect("pod/ocs-z-00").ask(f":oxc:swit:conn:add (@2),(@{PORTS + 2});*opc?") == "1"
    controller.wait_for(1, "+z", 0, (1, "-z", 0, 0, 0))
    assert all(controller.count[(0, h)] == before[(0, h)] for h in range(16)), "a cube without power reports"
    sim.ctl("restore", "cube", "cube-00")
    controller.wait_for(1, "-y", 6, (0, "+y", 2, 3, 1))
    wait_until("every host of the cube is back", lambda: all(controller.count[(0, h)] > before[(0, h)] for h in range(16)))
    assert all(controller.reports[(0, h)].chips_in_use for h in range(16))
    # A controller that starts again hears everybody again.
    controller.stop()
    controller.start()
    wait_until("all hosts are heard again", lambda: controller.heard() == 32)
    assert controller.links()[(1, "-y", 6)].light


main()
