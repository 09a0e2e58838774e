// Folders in a root that can't be written.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace rehang {

// Where a folder to be made lies in a read-only one, that one is replaced by a copy in memory that shows the
// same entries.
class FolderMaker {
  public:
    // mkdir -p.
    Expected<void> make(const std::string& path);
    // An empty file, with the folders that lead to it.
    Expected<void> make_file(const std::string& path);
    // Nothing is to be made any more: the copies become as read-only as what they replace.
    Expected<void> finish();

  private:
    Expected<void> replace_by_copy(const std::string& folder);

    std::vector<std::string> copies_;
};

}  // namespace rehang
