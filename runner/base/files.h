// Whole small files, and a thread's or process's number in a way that survives reuse.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rehang {

// The file's content; for /proc files too (read until read(2) says 0).
Expected<std::string> read_file(const std::string& path);
// The same where a failure just means "not there any more" (a vanished process): empty text.
std::string read_file_or_empty(const std::string& path);
// By one read(2): for files of /proc that give one short record, which are read by the thousand. Empty where
// it can't be read.
std::string read_record(const std::string& path);
// Replaces the content of an existing or new file in one write(2) (what /proc/PID/uid_map asks for).
Expected<void> write_file(const std::string& path, std::string_view content);

// Folder and name of a path: file_name("/a/b.so") is "b.so".
std::string_view file_name(std::string_view path);

}  // namespace rehang
