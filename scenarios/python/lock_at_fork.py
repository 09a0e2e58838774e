"""A service that logs in one thread and forks a worker in another.

lock_at_fork.py nothing|lock

With `nothing` the fork may fall into the moment when the helper thread holds the log's lock. With `lock` the program takes it for the fork,
as logging does for its own. Ends with 0 when the worker has logged and ended.
"""

import _thread
import os
import sys
import threading

log_lock = threading.Lock()


def log(text):
    with log_lock:
        os.write(1, (text + "\n").encode())


def main():
    if sys.argv[1] == "lock":
        os.register_at_fork(before=log_lock.acquire, after_in_parent=log_lock.release, after_in_child=log_lock.release)
    _thread.start_new_thread(log, ("helper runs",))  # threading.Thread would wait until the thread runs
    os.write(1, b"service runs\n")
    worker = os.fork()
    if worker == 0:
        log("worker runs")
        os._exit(0)
    _, status = os.waitpid(worker, 0)
    log_lock.acquire()  # the helper has logged
    sys.exit(os.waitstatus_to_exitcode(status))


main()
