#include "cli/paths.h"

#include <filesystem>
#include <system_error>

namespace rehang {
namespace {

namespace fs = std::filesystem;

fs::path own_folder() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

bool is_folder(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(path, error);
}

}  // namespace

std::string targets_folder() {
    const fs::path installed = own_folder() / "../libexec/rehang/targets";
    const fs::path built = own_folder() / "../targets";
    for (const fs::path& folder : {installed, built})
        if (is_folder(folder)) return fs::weakly_canonical(folder).string();
    return REHANG_LIBEXEC "/targets";
}

std::string catalogue_folder() {
    if (is_folder("scenarios")) return "scenarios";
    const fs::path installed = own_folder() / "../share/rehang/scenarios";
    return is_folder(installed) ? fs::weakly_canonical(installed).string() : REHANG_SHARE "/scenarios";
}

}  // namespace rehang
