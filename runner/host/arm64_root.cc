#include "host/arm64_root.h"

#include "host/cache_folder.h"

namespace rehang {

std::string arm64_root() {
    return cache_folder() + "/rehang/arm64-root/bookworm";
}

}  // namespace rehang
