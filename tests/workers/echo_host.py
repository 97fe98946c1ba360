"""A host without torch that does what it is told, for tests of the window's side of the wire."""

import os
import sys
import time

import numpy as np

from backends.wire import StreamClosed, read_message, write_message


def main() -> None:
    source, out = sys.stdin.buffer, sys.stdout.buffer

    def say(stamp, kind, data=None, **arrays):
        write_message(out, {"stamp": stamp, "kind": kind, "data": data or {}}, arrays)

    say(0, "result", {"verb": "ready", "device": "cpu", "devices": ["cpu"]})
    try:
        while True:
            head, arrays = read_message(source)
            verb, stamp, options = head["verb"], head["stamp"], head.get("options", {})
            if verb == "echo":
                time.sleep(options.get("seconds", 0))
                say(stamp, "result", {"pid": os.getpid(), **options}, **arrays)
            elif verb == "stream":
                for i in range(options["count"]):
                    say(stamp, "partial", {}, row=np.array([i]))
                say(stamp, "result")
            elif verb == "error":
                say(stamp, "error", {"what": "It went wrong.", "advice": "Do it right."})
            elif verb == "die":
                sys.stderr.write("Segmentation fault, says the test\n")
                sys.stderr.flush()
                os._exit(3)
            elif verb == "die_once" and not os.path.exists(options["marker"]):
                open(options["marker"], "w").close()
                os._exit(3)
            elif verb == "die_once":
                say(stamp, "result", {"pid": os.getpid()})
    except StreamClosed:
        return


if __name__ == "__main__":
    main()
