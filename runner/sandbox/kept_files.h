// The host's files that targets need although a private folder hides the place where they are: a build below
// /tmp, say.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "plan/plan.h"

namespace rehang {

// A read-only copy of a folder or file, to be attached at `path` once that is hidden.
struct KeptFile {
    std::string path;
    bool folder = false;
    UniqueFd copy;
};

class KeptFiles {
  public:
    // `private_folders` will be empty: absolute, normal paths.
    explicit KeptFiles(std::vector<std::string> private_folders)
        : private_folders_(std::move(private_folders)) {}

    // Before anything is hidden: the Plan's visible folders, and the folders of the programs and preloads
    // that it names by path, as far as they lie in private folders. Those that don't exist are left out:
    // whoever executes or preloads them gets to know.
    Expected<std::vector<KeptFile>> collect(const Plan& plan) &&;

  private:
    Expected<void> keep_with_folder(const std::string& file);
    Expected<void> keep(const std::string& path);
    Expected<void> keep_as(const std::string& path, const std::string& real);
    bool is_private(const std::string& path) const;
    bool is_hidden(const std::string& path) const;

    std::vector<std::string> private_folders_;
    std::set<std::string> seen_;
    std::vector<KeptFile> kept_;
};

}  // namespace rehang
