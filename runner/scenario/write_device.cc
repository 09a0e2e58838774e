#include "scenario/write_device.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/ioctl.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "base/ioctl_requests.h"
#include "base/names.h"
#include "base/quoted.h"

namespace rehang {
namespace {

using fakes::DescribedAnswer;
using fakes::DescribedBytes;
using fakes::DescribedRequest;

std::string hex(std::string_view bytes) {
    std::vector<std::string> all;
    for (const char byte : bytes) all.push_back(fmt::format("{:02x}", static_cast<unsigned char>(byte)));
    return fmt::format("\"{}\"", fmt::join(all, " "));
}

std::string data_of(const std::vector<DescribedBytes>& out) {
    if (out.size() == 1 && out[0].offset == 0) return hex(out[0].bytes);
    std::vector<std::string> parts;
    for (const DescribedBytes& part : out)
        parts.push_back(fmt::format("{{ at = {}, bytes = {} }}", part.offset, hex(part.bytes)));
    return fmt::format("[{}]", fmt::join(parts, ", "));
}

// Its keys with their values; none for a call that gives 0 and does nothing else.
std::vector<std::string> keys_of(const DescribedAnswer& answer) {
    std::vector<std::string> keys;
    if (answer.value < 0)
        keys.push_back(fmt::format("errno = {}", quoted(errno_name(static_cast<int>(-answer.value)))));
    else if (answer.value > 0)
        keys.push_back(fmt::format("result = {}", answer.value));
    if (!answer.out.empty()) keys.push_back("data = " + data_of(answer.out));
    if (!answer.opens.empty()) keys.push_back("opens = " + quoted(answer.opens));
    if (answer.is_late()) keys.push_back("delay = " + quoted(format_duration(answer.delay)));
    if (answer.state) keys.push_back("then = " + quoted(*answer.state));
    return keys;
}

std::string list_item(const DescribedAnswer& answer) {
    const auto keys = keys_of(answer);
    if (keys.empty()) return "    { result = 0 },\n";
    return fmt::format("    {{ {} }},\n", fmt::join(keys, ", "));
}

bool needs_direction(const DescribedRequest& request) {
    const bool says_in_only = _IOC_SIZE(request.request) != 0 && _IOC_DIR(request.request) == _IOC_WRITE;
    const bool says_out_only = _IOC_SIZE(request.request) != 0 && _IOC_DIR(request.request) == _IOC_READ;
    const bool goes_out =
        std::ranges::any_of(request.answers, [](const DescribedAnswer& one) { return !one.out.empty(); });
    return (says_in_only && goes_out) || (says_out_only && !request.where.empty());
}

std::string name_of(std::uint32_t request) {
    const auto names = ioctl_request_names(request);
    return names.empty() ? fmt::format("{:#x}", request) : quoted(names.front());
}

std::string other_names(std::uint32_t request) {
    const auto names = ioctl_request_names(request);
    if (names.size() < 2) return {};
    return fmt::format("  # or {}", fmt::join(names.begin() + 1, names.end(), ", "));
}

std::string table_of(const DescribedRequest& request) {
    std::string text =
        fmt::format("\n[[ioctl]]\nrequest = {}{}\n", name_of(request.request), other_names(request.request));
    if (!request.on.empty()) text += fmt::format("on = {}\n", quoted(request.on));
    if (request.state) text += fmt::format("state = {}\n", quoted(*request.state));
    if (needs_direction(request)) text += "direction = \"both\"\n";
    if (request.argument)
        text += fmt::format("argument = {}\n", static_cast<std::int64_t>(*request.argument));
    if (!request.where.empty()) text += fmt::format("where = {}\n", hex(request.where.front().bytes));
    if (request.answers.size() == 1 && !request.again) {
        for (const std::string& key : keys_of(request.answers.front())) text += key + "\n";
        return text;
    }
    text += "answers = [\n";
    for (const DescribedAnswer& answer : request.answers) text += list_item(answer);
    text += "]\n";
    if (request.again) text += "again = true\n";
    return text;
}

}  // namespace

std::string write_device(const fakes::Description& description, const std::string& comment) {
    std::string text;
    std::istringstream lines(comment);
    for (std::string line; std::getline(lines, line);) text += "# " + line + "\n";
    text += "format = 1\n";
    if (!description.summary.empty()) text += fmt::format("summary = {}\n", quoted(description.summary));
    if (!description.first_state.empty())
        text += fmt::format("state = {}\n", quoted(description.first_state));
    if (description.open_errno)
        text += fmt::format("open = {}\n", quoted(errno_name(*description.open_errno)));
    for (const fakes::DescribedFile& file : description.files)
        text += fmt::format("\n[[opened]]\nname = {}\nmapped = \"{}\"\n", quoted(file.name), file.mapped);
    for (const DescribedRequest& request : description.requests) text += table_of(request);
    return text;
}

}  // namespace rehang
