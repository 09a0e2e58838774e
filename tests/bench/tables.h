// The tables that rehang_bench prints.
#pragma once

#include <string>

#include "base/error.h"
#include "catalogue.h"

namespace rehang::bench {

// They write into `folder` while they measure. Errors: something could not be run, or came out wrong.

// Each scenario of the catalogue: the bare program, rehang, and what people do without it. Median of `repeat`
// runs.
Expected<void> print_catalogue(const Where& where, const std::string& folder, int repeat);

// How often a hang comes in `repeat` plain runs and in as many of rehang's, and how soon it is known.
Expected<void> print_hang_rate(const Where& where, const std::string& folder, int repeat);

// A system call that no point names, native and in rehang, `repeat` rounds of each in turns.
Expected<void> print_syscall_cost(const Where& where, const std::string& folder, int repeat);

// A system call at which every call stops for the runner: the processor time that this adds to a call.
Expected<void> print_stop_cost(const Where& where, const std::string& folder, int repeat);

// A faulty system call, and one that is not the faulty one: rehang next to strace's -e inject, on all
// processors and bound to one; `repeat` rounds of each in turns.
Expected<void> print_fault_cost(const Where& where, const std::string& folder, int repeat);

// Programs of many system calls, none of which is the one that fails: whole runs natively, in rehang, and
// under strace's -e inject with and without --seccomp-bpf; least of `repeat` rounds in turns.
Expected<void> print_program_cost(const Where& where, const std::string& folder, int repeat);

// An ioctl of a fake, by both ways in which it comes to the model: next to the host's device and to umockdev,
// on all processors and bound to one; `repeat` rounds of each in turns.
Expected<void> print_fake_cost(const Where& where, const std::string& folder, int repeat);

// libvirt's probe of QEMU, with the fake /dev/kvm and with the host's: whole runs, `repeat` of each in turns.
Expected<void> print_probe_cost(const Where& where, int repeat);

// A million calls that the runner is asked about: whether all were counted, and what memory they take.
Expected<void> print_million(const Where& where, const std::string& folder);

// The largest resident set of rehang and its worker after a few runs and after `runs` runs in one worker.
Expected<void> print_memory(const Where& where, const std::string& folder, int runs);

// Versions that a bisect runs, next to `git bisect run` in the same histories; with judgements that are
// wrong, `repeat` times each.
Expected<void> print_bisect_cost(const Where& where, const std::string& folder, int repeat);

// Runs a second of `rehang run --repeat`, next to a loop of `timeout 5` in a shell, and whether memory stays
// flat.
Expected<void> print_repeat_rate(const Where& where, const std::string& folder, int repeat);

// What runs already: `rehang diagnose` next to gdb's stacks of all threads.
Expected<void> print_diagnose_cost(const Where& where, int repeat);

}  // namespace rehang::bench
