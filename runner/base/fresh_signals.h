// Other programs that rehang runs for itself, with Boost.Process.
#pragma once

#include <boost/process/v2/process.hpp>
#include <csignal>

namespace rehang {

// An initializer of boost::process::v2: the program starts with no signal blocked or ignored, whatever
// rehang does with them. gdb would wait for ever for a SIGCHLD that it has inherited blocked.
struct FreshSignals {
    template <class Launcher>
    boost::system::error_code on_exec_setup(Launcher&, const boost::process::v2::filesystem::path&,
                                            const char* const*&) {
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        return {};
    }
};

}  // namespace rehang
