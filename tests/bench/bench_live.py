#!/usr/bin/python3
"""Create and swap, request to READY, against the floor: the slowest switch's journalled time (first byte to last answer,
read-back included) plus two commits of the same rows timed in the same run. Usage: bench_live.py BUILD_DIR [ROUNDS]"""
import json, pathlib, random, statistics, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
from harness import World
from live_floor import Journals, commit_us, stubs

BUDGET = 1.1


def main():
    build, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 15
    chance = random.Random(1)
    with World(build) as world:
        stubs(world.dir)
        import grpc
        from heliostat.v1 import common_pb2, operation_pb2, operation_pb2_grpc, slice_pb2, slice_pb2_grpc
        channel = grpc.insecure_channel(f"unix:{world.socket}")
        slices, operations = slice_pb2_grpc.SliceServiceStub(channel), operation_pb2_grpc.OperationServiceStub(channel)
        journals, count = Journals(world.journals), 0

        def mutation():
            nonlocal count
            count += 1
            return common_pb2.Mutation(request_id=f"bench-{count}")

        def timed(call, request):
            journals.slowest_change_us()
            started = time.monotonic_ns()
            reply = call(request)
            for _ in operations.WaitOperation(operation_pb2.WaitOperationRequest(
                    id=reply.operation.id, wait_for=operation_pb2.WAIT_FOR_READY)):
                pass
            taken = (time.monotonic_ns() - started) / 1000
            time_limit = time.monotonic() + 5
            while slices.GetSlice(slice_pb2.GetSliceRequest(name=reply.slice.name)).slice.state != slice_pb2.SLICE_STATE_READY:
                assert time.monotonic() < time_limit, "the operation ended and the slice is not READY"
            return taken, journals.slowest_change_us()

        cubes = [f"cube-{i:02d}" for i in range(64)]
        big = [c for c in cubes[16:64]]
        results = {"create 8x8x8": [], "swap one cube of a 3,072-chip slice": []}
        for _ in range(rounds):
            chosen = chance.sample(cubes[:16], 8)
            results["create 8x8x8"].append(timed(slices.CreateSlice, slice_pb2.CreateSliceRequest(
                mutation=mutation(), spec=slice_pb2.SliceSpec(name="bench", topology="8x8x8", cubes=chosen))))
            slices.DeleteSlice(slice_pb2.DeleteSliceRequest(mutation=mutation(), name="bench"))
        timed(slices.CreateSlice, slice_pb2.CreateSliceRequest(
            mutation=mutation(), spec=slice_pb2.SliceSpec(name="large", topology="12x16x16", cubes=big)))
        for _ in range(rounds):
            held = [p.cube for p in slices.GetSlice(slice_pb2.GetSliceRequest(name="large")).slice.positions]
            results["swap one cube of a 3,072-chip slice"].append(timed(slices.SwapSlice, slice_pb2.SwapSliceRequest(
                mutation=mutation(), name="large", cubes=[chance.choice(held)], with_cubes=[""])))
        commit = commit_us(world.dir)
    rows = []
    for name, samples in results.items():
        ratios = [taken / (slowest + 2 * commit) for taken, slowest in samples]
        ratio = statistics.median(ratios)
        print(f"count: {name}: {statistics.median(t for t, _ in samples) / 1000:.1f} ms, slowest switch "
              f"{statistics.median(s for _, s in samples) / 1000:.1f} ms, commit {commit / 1000:.2f} ms, ratio {ratio:.2f} (budget {BUDGET})")
        rows.append({"name": name + ", request to READY", "peer": "slowest switch + 2 commits", "ratio": round(ratio, 3),
                     "budget": f"<= {BUDGET}", "met": ratio <= BUDGET})
    print("bench: " + json.dumps(rows))


main()
