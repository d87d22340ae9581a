"""The program: `archcalc`, or `python -m archcalc`."""

import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line, which answers an interrupt with a message and the status 130.

    One that comes while Python still loads or already tidies up ends the process without a word: there
    Python would print a traceback. Where interrupts are ignored they stay so.
    """
    gc.disable()  # what a command makes lives to its end: looking for garbage takes time and frees nothing
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from archcalc.commands import cli
    except (MemoryError, SystemError):  # there is no room for the program itself
        os.write(2, b"out of memory\n")
        os._exit(2)

    if is_heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            cli.main()
        finally:
            if is_heeded:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:  # one more, while the first was answered
        sys.exit(130)
    except (MemoryError, SystemError):  # it is said; now not even leaving has room
        os._exit(2)


if __name__ == "__main__":
    main()
