// Which Debian package brings a file, for the few files that scenarios commonly need. A table: asking
// apt-file would need its index.
#pragma once

#include <string>

namespace rehang {

// What os-release(5) says; empty where it says nothing.
struct OsRelease {
    std::string id, version_id, pretty_name;
};

OsRelease parse_os_release(const std::string& text);
OsRelease read_os_release();  // of this host

// `name` is a library's file name or soname, a program's name, or a path of either. Since Debian 13 and
// Ubuntu 24.04 some libraries' packages are called t64, for their 64-bit time_t. Empty if not known.
std::string package_for(const std::string& name, const OsRelease& release);

}  // namespace rehang
