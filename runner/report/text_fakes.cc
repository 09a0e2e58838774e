// What came of fakes: how they were used, and what their models do not have.
#include <fmt/format.h>

#include <algorithm>

#include "report/describe.h"
#include "report/text_layout.h"
#include "report/text_sections.h"

namespace rehang {
namespace {

std::string plural(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string label_of(const FakeReport& fake) {
    return fake.name == fake.device ? fake.device : fmt::format("{} ({})", fake.name, fake.device);
}

std::string use_of(const FakeReport& fake) {
    if (fake.opened == 0) return "never opened";
    return fmt::format("opened {}, {} answered", plural(fake.opened, "time"), plural(fake.calls, "call"));
}

}  // namespace

std::string request_text(const UnknownRequestReport& request) {
    const std::string number = request.size == 0
                                   ? fmt::format("{:#x}", request.number)
                                   : fmt::format("{:#x}, {}", request.number, plural(request.size, "byte"));
    return request.name.empty() ? number : fmt::format("{} ({})", request.name, number);
}

std::string fakes_section(const RunReport& report, const TextStyle& style) {
    constexpr size_t most_unknown = 20;
    if (report.fakes.empty()) return "";
    size_t labels = 0, models = 0;
    for (const FakeReport& fake : report.fakes) {
        labels = std::max(labels, columns_of(label_of(fake)));
        models = std::max(models, columns_of(fake.model));
    }
    std::string text = section("Fakes", style);
    for (const FakeReport& fake : report.fakes) {
        text += wrapped(fmt::format("  {}  {}  ", padded(label_of(fake), labels), padded(fake.model, models)),
                        use_of(fake), style);
        const size_t shown = std::min(fake.unknown.size(), most_unknown);
        for (size_t i = 0; i < shown; ++i)
            text += wrapped("    - ",
                            fmt::format("the model has no {}: made {}, first by {}, and failed with ENOTTY",
                                        request_text(fake.unknown[i]), plural(fake.unknown[i].times, "time"),
                                        fake.unknown[i].by),
                            style);
        if (shown < fake.unknown.size())
            text += painted(fmt::format("    … {} more: --json has them all\n", fake.unknown.size() - shown),
                            Tone::faint, style);
    }
    return text;
}

}  // namespace rehang
