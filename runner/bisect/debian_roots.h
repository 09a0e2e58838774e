// Versions of a Debian package, each unpacked with all that it needs into a folder of its own.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "bisect/all_at_once.h"
#include "bisect/debian_apt.h"
#include "bisect/debian_package.h"
#include "bisect/made_version.h"

namespace rehang {

class DebianRoots {
  public:
    // Asks the mirror for the package's versions. All that is fetched and unpacked stays in `cache`.
    // `artifact` is a path in what is unpacked, or a pattern (glob(7)), or "" for all of it. Errors: the
    // mirror can't be asked and never was; it has no such release or package, or only one version.
    static Expected<DebianRoots> open(const DebianPackage& package, const std::string& artifact,
                                      const std::string& cache, const Tick& tick);

    const DebianMirror& mirror() const { return mirror_; }
    // The oldest first.
    const std::vector<DebianVersion>& versions() const { return versions_; }
    // Why some of it may be out of date; "" if not.
    const std::string& out_of_date() const { return out_of_date_; }

    // All of them at once. Errors: they can't be fetched, or not be unpacked.
    Expected<std::vector<MadeVersion>> of(const std::vector<std::string>& versions, const Tick& tick) const;

  private:
    Expected<void> ask(const Tick& tick);
    Expected<void> check(const std::vector<std::string>& missing) const;
    std::unexpected<Error> no_such_package() const;
    Expected<DebianApt> apt(const std::string& release) const;
    Expected<MadeVersion> make(const DebianVersion& version) const;
    Expected<std::string> root_of(const DebianVersion& version, DebianApt& its) const;
    Expected<MadeVersion> artifact_in(const std::string& root) const;

    DebianPackage package_;
    DebianMirror mirror_;
    std::string artifact_, folder_, out_of_date_;
    std::vector<std::string> asked_;  // releases that the mirror has
    std::vector<DebianVersion> versions_;
};

}  // namespace rehang
