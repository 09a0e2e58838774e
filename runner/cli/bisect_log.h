// The file of `rehang bisect --log`: what was known before, and what is found out now.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "bisect/log.h"

namespace rehang {

class LogFile {
  public:
    // "": no file. Errors: it can't be read or written, or is of another question.
    static Expected<LogFile> open(const std::string& name, const Question& question);

    const std::vector<LoggedVersion>& known() const { return known_; }
    // Errors: it can't be written. What was found out before is still there.
    Expected<void> add(const LoggedVersion& version) const;

  private:
    Expected<void> write(std::string_view line) const;

    std::string name_;
    UniqueFd file_;
    std::vector<LoggedVersion> known_;
};

}  // namespace rehang
