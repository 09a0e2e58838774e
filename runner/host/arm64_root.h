// Where the files of an arm64 system are, for programs that qemu-user runs. tools/arm64-root makes them.
#pragma once

#include <string>

namespace rehang {

// Of the release that scenarios are made for. Absolute; may not exist.
std::string arm64_root();

}  // namespace rehang
