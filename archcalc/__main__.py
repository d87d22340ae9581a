"""The program: `archcalc`, or `python -m archcalc`."""

# What `signal` is made of: to load that itself takes longer than to come here, and to be interrupted meanwhile.
import _signal as signal  # type: ignore[import-not-found]  # nobody has written its types down

IS_HEEDED = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if IS_HEEDED:  # from the first line on, and not from the first call
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402


def main() -> None:
    """Run the command line, which answers an interrupt with a message and the status 130.

    One that comes while this program still loads or already tidies up ends the process without a word: there
    Python would print a traceback, as it does while it starts itself. Where interrupts are ignored they stay so.
    """
    gc.disable()  # what a command makes lives to its end: looking for garbage takes time and frees nothing
    try:
        from archcalc.commands import cli
    except (MemoryError, SystemError):  # there is no room for the program itself
        os.write(2, b"out of memory\n")
        os._exit(2)

    if IS_HEEDED:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        try:
            cli.main()
        finally:
            if IS_HEEDED:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
    except KeyboardInterrupt:  # one more, while the first was answered
        sys.exit(130)
    except (MemoryError, SystemError):  # it is said; now not even leaving has room
        os._exit(2)


if __name__ == "__main__":
    main()
