// [[sandbox.file]]: files that only the sandbox has.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "plan/plan.h"

namespace rehang {

struct PrivateFile {
    std::string path;     // absolute and normal
    std::string content;  // with the host's, if it is appended to that
    unsigned mode = 0644;
};

// Before anything of the host is hidden.
Expected<std::vector<PrivateFile>> read_files(const PlannedSandbox& sandbox);

// In a folder that is private, too: a plain file, which can be renamed and removed as any other.
Expected<void> write_plain(const PrivateFile& file);
// In a root that can't be written: mounted on the file or empty file that is at `place`. Targets can write
// it, but not rename or remove it.
Expected<void> mount_over(const PrivateFile& file, const std::string& place);

// Where a path leads if its last part is a symbolic link, which may lead to nowhere: a mount does not follow
// it.
std::string without_links(const std::string& path);

}  // namespace rehang
