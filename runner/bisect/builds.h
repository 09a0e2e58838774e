// Commits of a git repository, built: each in a work tree of its own, and only once for the same files.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "bisect/all_at_once.h"
#include "bisect/made_version.h"

namespace rehang {

class Builds {
  public:
    // What is built stays in `cache`, by repository, command, artifact, and tree (gitrevisions(7)): a commit
    // that has the same files as another one is not built again, nor is one that did not build. The
    // repository itself is only read: the work trees are of a clone that shares its objects.
    static Expected<Builds> open(const std::string& repository, const std::string& command,
                                 const std::string& artifact, const std::string& cache);

    // All of them at once, each by `sh -c COMMAND` in its work tree. `artifact` is a path in there; the value
    // of one that is built is where it is kept.
    Expected<std::vector<MadeVersion>> of(const std::vector<std::string>& commits, const Tick& tick) const;

  private:
    Expected<void> lock();
    Expected<MadeVersion> build(const std::string& commit) const;
    Expected<bool> build_in(const std::string& commit, const MadeVersion& to) const;

    std::string clone_, command_, artifact_, folder_;
    UniqueFd lock_;
};

}  // namespace rehang
