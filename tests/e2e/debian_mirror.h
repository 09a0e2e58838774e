// A mirror of a small Debian of the test's own, in a folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rehang::e2e {

struct MadePackage {
    std::string name, version;
    std::string depends = {};
    // Paths in the package, and what the files have; all can be executed.
    std::vector<std::pair<std::string, std::string>> files = {};
    std::vector<std::pair<std::string, std::string>> links = {};  // and where they lead
};

class DebianMirrorFolder {
  public:
    explicit DebianMirrorFolder(std::string path) : path_(std::move(path)) {}

    // A release for amd64; without signatures.
    void add_release(const std::string& release, const std::vector<MadePackage>& packages) const;
    std::string uri() const { return "file:" + path_; }
    // The file of a package.
    std::string file_of(const std::string& package, const std::string& version) const;

  private:
    std::string record_of(const MadePackage& package) const;
    void build(const MadePackage& package) const;

    std::string path_;
};

}  // namespace rehang::e2e
