"""A host without torch that does what it is told, for tests of the window's side of the wire."""

import os
import queue
import sys
import threading
import time

import numpy as np

from backends.wire import StreamClosed, read_message, write_message


def listen(source, inbox, cancelled):
    """What is cancelled is known at once, everything else waits for its turn."""
    try:
        while True:
            head, arrays = read_message(source)
            if head["verb"] == "cancel":
                cancelled.add(head["stamp"])
            else:
                inbox.put((head, arrays))
    except StreamClosed:
        inbox.put(None)


def main() -> None:
    source, out = sys.stdin.buffer, sys.stdout.buffer

    def say(stamp, kind, data=None, **arrays):
        write_message(out, {"stamp": stamp, "kind": kind, "data": data or {}}, arrays)

    inbox, cancelled = queue.SimpleQueue(), set()
    threading.Thread(target=listen, args=(source, inbox, cancelled), daemon=True).start()
    say(0, "result", {"verb": "ready", "device": "cpu", "devices": ["cpu"]})
    try:
        while (message := inbox.get()) is not None:
            head, arrays = message
            verb, stamp, options = head["verb"], head["stamp"], head.get("options", {})
            if verb == "echo":
                time.sleep(options.get("seconds", 0))
                say(stamp, "result", {"pid": os.getpid(), **options}, **arrays)
            elif verb == "stream":
                for i in range(options["count"]):
                    if stamp in cancelled:
                        break
                    time.sleep(options.get("seconds", 0))
                    say(stamp, "partial", {}, row=np.array([i]))
                else:
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
