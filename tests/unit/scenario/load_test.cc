#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "texts.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// A folder of its own, gone at the end of the test.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rehang-load-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string file(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name) << content;
        return path_ / name;
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string only_message_for(const std::string& file) {
    const auto parsed = load_scenario(file);
    REQUIRE(parsed.diagnostics.size() == 1);
    CHECK(parsed.diagnostics[0].file == file);
    CHECK(parsed.diagnostics[0].at == Span{});
    return parsed.diagnostics[0].message;
}

}  // namespace

TEST_CASE("a scenario in a file knows its folder") {
    const TemporaryFolder folder;
    const auto parsed = load_scenario(folder.file("x.toml", scenario_with("argv = [\"a\"]\n")));
    CHECK(parsed.diagnostics.empty());
    CHECK(parsed.scenario.folder == folder.path().string());
}

TEST_CASE("what can't be a scenario is one message") {
    const TemporaryFolder folder;
    CHECK(only_message_for(folder.path() / "absent.toml") ==
          "can't read this file: No such file or directory");
    CHECK(only_message_for(folder.path()) == "a folder, not a scenario");
    CHECK(only_message_for("/dev/zero") == "not a regular file");
    CHECK(only_message_for(folder.file("large.toml", std::string(10 << 20, '#'))) ==
          "larger than 1MiB: no scenario is");
    const std::string fifo = folder.path() / "fifo.toml";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(only_message_for(fifo) == "not a regular file");
}
