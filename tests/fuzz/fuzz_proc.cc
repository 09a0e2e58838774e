// Any bytes as the files of /proc: no crash, and nothing out of what is not there. The first byte chooses the
// file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "diagnose/network_facts.h"
#include "diagnose/proc_files.h"
#include "elf/modules.h"

using namespace rehang;

namespace {

void check_mappings(std::string_view text) {
    for (const elf::Module& module : elf::modules_of(elf::parse_mappings(text))) {
        REHANG_CHECK(module.path.ends_with(module.name));
        REHANG_CHECK(!module.name.contains('/'));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 6) {
        case 0:
            if (const auto stat = proc::parse_stat(text)) REHANG_CHECK(stat->comm.size() <= text.size());
            break;
        case 1:
            if (const auto count = proc::parse_schedstat(text)) REHANG_CHECK(count->times_run != 0);
            break;
        case 2:
            proc::parse_syscall(text);
            break;
        case 3:
            proc::parse_status(text);
            break;
        case 4:
            REHANG_CHECK(proc::parse_fdinfo(text).watched.size() <= text.size());
            break;
        default:
            check_mappings(text);
            proc::inode_in(text, "pipe");
            REHANG_CHECK(!has_only_loopback(text) || text.contains("lo:"));
            REHANG_CHECK(lists_sockets(text) ==
                         !(text.contains('\n') && text.find('\n') == text.rfind('\n')));
            break;
    }
    return 0;
}
