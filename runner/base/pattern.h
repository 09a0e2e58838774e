// Regular expressions (Perl's syntax, as Boost.Regex has it), for texts that nobody vouches for.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace rehang {

class Pattern {
  public:
    // On failure what is wrong with the text.
    static std::expected<Pattern, std::string> parse(const std::string& text);
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    // `complete`: the text ends here, so "$" fits its end. A text that takes too long to compare does not
    // fit.
    bool found_in(std::string_view text, bool complete) const;

  private:
    struct Impl;
    explicit Pattern(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rehang
