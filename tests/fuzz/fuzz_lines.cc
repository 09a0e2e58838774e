// Any bytes as what the command and its workers say to each other: no crash, and what is understood is said
// again in the same words.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "replay/job.h"

using namespace rehang;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto job = job_from_line(text)) {
        const std::string again = to_line(*job);
        const auto same = job_from_line(again);
        REHANG_CHECK(same && to_line(*same) == again);
    }
    if (const Answer answer = answer_from_line(text); answer.result) {
        const std::string again = to_line(answer);
        const Answer same = answer_from_line(again);
        REHANG_CHECK(same.result && to_line(same) == again);
    }
    order_from_line(text);
    return 0;
}
