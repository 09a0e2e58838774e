// Which versions of a Debian package there are, by what apt says of each release. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rehang {

// What --versions debian:PACKAGE[:ARCHITECTURE][@RELEASE,RELEASE…] names.
struct DebianPackage {
    std::string name, architecture;
    std::vector<std::string> releases;  // as named
};
// `rest` is what stands behind "debian:". The architecture is this program's when none is named; no releases
// named are none here.
Expected<DebianPackage> read_debian_package(std::string_view rest);

// Those that are asked for when none are named, the oldest first: a mirror has some of them.
const std::vector<std::string>& debian_releases();

// Under which names a release may have a package, the given one first: with the change to a time_t of 64
// bits, libraries were renamed from libx1 to libx1t64.
std::vector<std::string> debian_names(const std::string& package);

// Where apt has to look for a release's packages.
struct DebianSuite {
    std::string name;       // "bookworm-security"
    bool security = false;  // in the archive of security updates
    bool operator==(const DebianSuite&) const = default;
};
// With its updates; of backports with what they are for. The release itself is the first one.
std::vector<DebianSuite> suites_of(const std::string& release);

// The suites that, by the errors of `apt-get update`, the mirror does not have.
std::vector<std::string> missing_suites(std::string_view errors);

// The first error in apt's output, without what goes before and without URIs that tell nothing new.
std::string first_error(std::string_view errors);

// The first dependency that, by the output of `apt-get install`, can't be met; "" if there is none.
std::string unmet_dependency(std::string_view output);

// True when all that failed to be fetched is listed by the mirror, but no longer there.
bool only_gone(std::string_view errors);

// A package as one release has it.
struct DebianOffer {
    std::string release, package, version;
    bool operator==(const DebianOffer&) const = default;
};
// Of lines of `apt-cache madison` for all names of a package: what the release itself has, and not what is
// only there because its packages need it. Nothing offered: an empty version.
DebianOffer offer_in(std::string_view madison, const std::string& release,
                     const std::vector<std::string>& names);

struct DebianVersion {
    std::string version, package;
    std::vector<std::string> releases;  // the oldest first
    std::string shown;                  // "2.10-1 (bookworm)"
};
// Each version once, in the order of versions.
std::vector<DebianVersion> versions_of(const std::vector<DebianOffer>& offers);

// A release, a version, or the beginning of one: "bookworm", "2.10-1", "2.10". Errors: none has that name, or
// several.
Expected<size_t> version_named(const std::vector<DebianVersion>& versions, std::string_view name);

// A package's file, and what `apt-get --print-uris install` says of it.
struct DebianFile {
    std::string uri, name, checksum;
    bool operator==(const DebianFile&) const = default;
};
std::vector<DebianFile> read_uris(std::string_view lines);
// The path that a file: URI names; "" for others.
std::string local_path(std::string_view uri);

}  // namespace rehang
