// Any bytes as a pasted backtrace, and as how the program was started: the scenario that is made of them is
// one that `rehang check` has nothing against.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "match/backtrace.h"
#include "scaffold/scaffold.h"
#include "scenario/parse.h"

using namespace rehang;

namespace {

// Half of the libraries have what is looked for in them.
std::vector<std::string> functions_of(const std::string& module) {
    if (module.size() % 2 == 0) return {};
    return {module, module + "::Insert", "a::b(int)", "perftools_pthread_atfork"};
}

Started started_by(std::string_view text) {
    Started started;
    if (text.size() % 2 == 0) return started;
    for (size_t begin = 0; begin < text.size() && started.argv.size() < 4;) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        if (!word.contains('\0')) started.argv.emplace_back(word);
        begin = end + 1;
    }
    if (started.argv.size() > 2) started.preload = {started.argv.back()};
    return started;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Sighting seen = read_backtrace(text, "fuzz");
    if (seen.processes.empty()) return 0;
    const std::string scenario = scaffold(seen, started_by(text.substr(0, 200)), functions_of);
    const ParsedScenario parsed = parse_scenario(scenario, "scaffold");
    for (const Diagnostic& diagnostic : parsed.diagnostics)
        std::fputs((format(diagnostic) + "\n").c_str(), stderr);
    REHANG_CHECK(parsed.diagnostics.empty());
    return 0;
}
