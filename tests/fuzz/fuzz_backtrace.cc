// Any bytes as a pasted backtrace: no crash, nothing out of what is not there, and what comes out can be
// compared.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "match/backtrace.h"
#include "match/compare.h"

using namespace rehang;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Sighting seen = read_backtrace(text, "fuzz");
    for (const SeenProcess& process : seen.processes) {
        REHANG_CHECK(!process.threads.empty());
        for (const SeenThread& thread : process.threads) {
            REHANG_CHECK(!thread.stack.empty());
            for (const SeenFrame& frame : thread.stack) {
                REHANG_CHECK(frame.function.size() <= size && frame.module.size() <= size);
                canonical(frame.function);
            }
        }
    }
    if (size > 4096) return 0;
    const Comparison itself = compare(seen, seen);
    REHANG_CHECK(itself.score >= 0 && itself.score <= 1.0001);
    return 0;
}
