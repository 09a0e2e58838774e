// Where programs are looked for, on the host and in the sandbox alike: not the user's PATH, so that runs
// don't depend on it.
#pragma once

namespace rehang {

inline constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace rehang
