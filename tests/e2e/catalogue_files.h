// The catalogue's scenarios by what stands in them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"

namespace rehang::e2e {

inline std::vector<std::string> scenarios_with(const std::string& text) {
    std::vector<std::string> files;
    for (const auto& file : std::filesystem::recursive_directory_iterator(REHANG_SCENARIOS))
        if (file.path().extension() == ".toml" && read_file_or_empty(file.path().string()).contains(text))
            files.push_back(file.path().string());
    std::ranges::sort(files);
    return files;
}

inline std::vector<std::string> with_files(std::vector<std::string> words,
                                           const std::vector<std::string>& files) {
    words.insert(words.end(), files.begin(), files.end());
    return words;
}

}  // namespace rehang::e2e
