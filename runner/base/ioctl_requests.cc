#include "base/ioctl_requests.h"

#include <algorithm>

namespace rehang {
namespace {

struct Request {
    std::string_view name;
    std::uint32_t number;
};

constexpr Request requests[] = {
#include "base/ioctl_requests.inc"
};
static_assert(std::ranges::is_sorted(requests, {}, &Request::name));

}  // namespace

std::optional<std::uint32_t> ioctl_request(std::string_view name) {
    const auto* const found = std::ranges::lower_bound(requests, name, {}, &Request::name);
    if (found == std::end(requests) || found->name != name) return std::nullopt;
    return found->number;
}

std::vector<std::string> ioctl_request_names(std::uint32_t number) {
    std::vector<std::string> names;
    for (const Request& request : requests)
        if (request.number == number) names.emplace_back(request.name);
    return names;
}

const std::vector<std::string>& ioctl_request_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const Request& request : requests) all.emplace_back(request.name);
        return all;
    }();
    return names;
}

}  // namespace rehang
