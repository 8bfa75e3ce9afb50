"""The crash harness: the real connector, killed at every place where that could matter, and then checked.

A *run* is one set-up (a `shape` of inbox), one way the simulated platform behaves (a `plan`), and a list of
*lives*. Each life but the last is ended by SIGKILL at a *point*: before, after or inside an effect, a
transaction of the journal, a request. The last life is an ordinary start that works until nothing is left.
Then the invariants are checked, results counted in the hands of somebody who takes them away.

    spec      RunSpec, Point, Life, Violation, Outcome: what is run, and what came of it (plain data)
    shapes    the inboxes;  plans: the platform's behaviours
    shared    a page of memory that outlives a killed process: the clock, the log of points, who did what
    points    the hands (`FailingEffects`), the journal and the HTTP connection that stop a life
    child     one life: an `Assembly` made of real parts, driven in one thread in a fixed order
    zygote    a process with everything imported, forked for each life
    bench     `Bench`: a simulator, a zygote and a tree; `Bench.run(spec)` gives an `Outcome`
    image     what a death leaves, kept aside: files, and the platform's memory
    evidence  what is known after a run;  check: the invariants I1 to I12
    series    which runs a level has, and `run_series`, which spreads them over processes
    worker    `python -m tests.crash.worker`: specs as JSON lines on stdin, outcomes as JSON lines on stdout
    __main__  `python -m tests.crash`: the long levels, and one run again by its line

For other levels:

* `series.run_series(specs, package=…, workers=…, stop_at=…)` runs specs in worker processes whose `connector`
  is the package found in the folder `package` (put first on PYTHONPATH), and yields outcomes as they come.
* `Bench.live(Life(hold="start"), held=callback)` stops the life's process by SIGSTOP before it assembles
  anything and calls `callback(pid)`; the callback lets it go on with SIGCONT (a tracer may be attached in
  between). With "loop" it stops when the thread that talks to platforms begins.
  `Bench.begin(spec)`, `Bench.live(life)` (any number) and `Bench.finish()` are the pieces of `Bench.run`.
"""
