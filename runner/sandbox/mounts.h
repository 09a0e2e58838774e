// The few mount operations that the sandbox's root is made of. All of them act on the calling process's mount
// namespace.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace rehang {

// A detached copy of the mounts at and below a path (open_tree(2)). It is copied as a whole: in a user
// namespace the kernel refuses to show what lies under an inherited mount.
Expected<UniqueFd> copy_mounts(const std::string& path);
// The same, every mount of the copy read-only (mount_setattr(2)).
Expected<UniqueFd> read_only_copy(const std::string& path);
// Attaches such a copy at a folder or file that exists.
Expected<void> attach(const UniqueFd& copy, const std::string& path);

// A new, empty folder in memory on top of one that exists. `mode` in octal digits. No devices, no set-uid
// programs, limited in size.
Expected<void> mount_empty_folder(const std::string& path, const char* mode);
// The same mounts as at and below `from`, at `to` as well.
Expected<void> bind(const std::string& from, const std::string& to);
// Nothing below the top mount at `path` changes.
Expected<void> make_read_only(const std::string& path);
// Takes the top mount at `path` away, as soon as nobody uses it any more.
Expected<void> detach(const std::string& path);

// Makes the mount whose root `folder` is the root of this mount namespace, and the old root vanish.
Expected<void> enter_root(const UniqueFd& folder);

}  // namespace rehang
