#include "supervise/fake_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/files.h"

namespace rehang {
namespace {

constexpr std::string_view head = "rehang:";
constexpr std::string_view link_head = "/memfd:";
constexpr std::string_view link_tail = " (deleted)";
constexpr char before_file = ' ';  // in no device's path

}  // namespace

std::string FakeLink::memory_file_name() const {
    constexpr size_t longest = 249;  // memfd_create(2)
    const std::string name =
        fmt::format("{}{}:{}{}", head, number, device, file.empty() ? "" : before_file + file);
    return name.substr(0, longest);
}

std::string FakeLink::name_of_real_one() const {
    if (file.empty()) return device;
    std::string name = fmt::format("anon_inode:{}-{}", file_name(device), file);
    std::ranges::replace(name, ' ', ':');
    return name;
}

std::optional<FakeLink> fake_of_link(std::string_view link) {
    if (!link.starts_with(link_head)) return std::nullopt;
    link.remove_prefix(link_head.size());
    if (!link.starts_with(head)) return std::nullopt;
    link.remove_prefix(head.size());
    if (link.ends_with(link_tail)) link.remove_suffix(link_tail.size());
    FakeLink fake;
    const auto [end, error] = std::from_chars(link.data(), link.data() + link.size(), fake.number);
    if (error != std::errc() || end == link.data() + link.size() || *end != ':') return std::nullopt;
    link.remove_prefix(static_cast<size_t>(end - link.data()) + 1);
    const size_t split = link.find(before_file);
    fake.device = link.substr(0, split);
    if (split != std::string_view::npos) fake.file = link.substr(split + 1);
    return fake;
}

}  // namespace rehang
