"""Runs a function in a child process as another user, and hands back what it returns.

The child is forked before it uses gRPC, so the parent must not use it itself."""
import os, pickle, sys, traceback


def as_user(uid, groups, function, *args):
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            os.setgroups(groups)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            result = (True, function(*args))
        except BaseException:
            result = (False, traceback.format_exc())
        with os.fdopen(write_end, "wb") as out:
            pickle.dump(result, out)
        sys.stdout.flush()
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as source:
        ok, value = pickle.load(source)
    os.waitpid(child, 0)
    if not ok:
        raise AssertionError(f"as uid {uid}: {value}")
    return value
