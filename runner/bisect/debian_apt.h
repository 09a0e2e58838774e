// Debian's apt for one release and architecture, with a configuration, lists and a cache of its own: nothing
// of the host is changed, nor is what it has installed taken into account.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "bisect/debian_package.h"

namespace rehang {

struct DebianMirror {
    std::string uri;  // without "/debian": "http://deb.debian.org"
    // $REHANG_DEBIAN_MIRROR, or Debian's own. Errors: it is no URI.
    static Expected<DebianMirror> from_environment();
    // As a name of a folder.
    std::string key() const;
};

// Errors: this host has no apt-get, or not what it needs to trust the mirror.
Expected<void> can_ask_debian(const DebianMirror& mirror);

class DebianApt {
  public:
    // All that it keeps is in `folder`. Whoever else uses it waits as long as the object is there.
    static Expected<DebianApt> open(const DebianMirror& mirror, const std::string& release,
                                    const std::string& architecture, const std::string& folder);

    struct Lists {
        bool there = true;        // false: the mirror has no such release
        std::string unreachable;  // why they could not be fetched now; those of an earlier time are there
        std::string of;           // that time
    };
    // Fetches the lists of packages, as far as they are not there yet. Errors: they can't be fetched, and
    // there are none.
    Expected<Lists> update();
    // By the lists that are there.
    Expected<DebianOffer> offer(const std::string& package);
    // Names of packages that somebody may have meant.
    Expected<std::vector<std::string>> like(const std::string& package);
    // A package's files, and those of what it needs. Errors (kind `unsupported`): apt can't find them
    // together.
    Expected<std::vector<DebianFile>> needed(const std::string& package, const std::string& version);
    // The paths of these files, fetched where they are not on this host. Errors (kind `unsupported`): the
    // mirror lists files that it does not have.
    Expected<std::vector<std::string>> fetch(const std::string& package, const std::string& version,
                                             const std::vector<DebianFile>& files);
    void forget_fetched() const;
    // From now on until the next update(): only what the release itself has. A mirror may list updates that
    // it has no files of.
    Expected<void> leave_updates_out() const;

    // What apt wrote last.
    std::string log() const { return folder_ + "/apt.log"; }

  private:
    std::string archives() const { return folder_ + "/cache/archives"; }
    // As old as the lists.
    std::string stamp() const { return folder_ + "/updated"; }
    Expected<Lists> earlier_lists(const std::string& why_not_now) const;

    DebianMirror mirror_;
    std::string release_, architecture_, folder_;
    UniqueFd lock_;
};

// Which of the releases the mirror has: asks for their signatures only.
Expected<std::vector<std::string>> releases_on(const DebianMirror& mirror,
                                               const std::vector<std::string>& releases,
                                               const std::string& folder);

}  // namespace rehang
