#include "base/pattern.h"

#include <boost/regex.hpp>
#include <stdexcept>

namespace rehang {

struct Pattern::Impl {
    boost::regex expression;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::expected<Pattern, std::string> Pattern::parse(const std::string& text) {
    try {
        return Pattern(std::make_unique<Impl>(Impl{.expression = boost::regex(text)}));
    } catch (const boost::regex_error& error) {
        const std::string what = error.what();  // "Unmatched ( … The error occurred while parsing …"
        const std::string first = what.substr(0, what.find("  "));
        return std::unexpected(first.substr(0, first.find(" The error")));
    }
}

bool Pattern::found_in(std::string_view text, bool complete) const {
    try {
        return boost::regex_search(
            text.begin(), text.end(), impl_->expression,
            complete ? boost::match_default : boost::match_not_eol | boost::match_not_eob);
    } catch (const std::runtime_error&) {  // Boost.Regex bounds what a comparison may cost
        return false;
    }
}

}  // namespace rehang
