#include "bisect/builds.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>

#include "base/files.h"
#include "bisect/shell.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;

Expected<std::string> git(const std::string& repository, std::vector<std::string> words) {
    words.insert(words.begin(), {"-C", repository});
    const auto ended = run_and_read("git", words);
    if (!ended) return std::unexpected(ended.error());
    if (ended->status != 0)
        return std::unexpected(
            Error{.what = fmt::format("`git {}` failed with {}", fmt::join(words, " "), ended->status),
                  .hint = "run it yourself to see why"});
    return ended->out.substr(0, ended->out.find('\n'));
}

// Of this repository, command and artifact; another repository at the same path has other trees.
std::string key_of(const std::string& repository, const std::string& command, const std::string& artifact) {
    const size_t hash = std::hash<std::string>()(fmt::format("{}\n{}\n{}", repository, command, artifact));
    return fmt::format("{}-{:016x}", fs::path(repository).filename().string(), hash);
}

// One at a time: git numbers work trees, and gives two that are made at once the same number.
Expected<std::string> add_work_tree(const std::string& repository, const std::string& path,
                                    const std::string& commit) {
    static std::mutex adding;
    const std::scoped_lock lock(adding);
    return git(repository, {"worktree", "add", "--quiet", "--detach", "--force", path, commit});
}

Expected<void> make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return failure(fmt::format("can't make the folder {}", path), error.value());
    return {};
}

}  // namespace

Expected<Builds> Builds::open(const std::string& repository, const std::string& command,
                              const std::string& artifact, const std::string& cache) {
    std::error_code error;
    const std::string absolute = fs::canonical(repository, error).string();
    if (error) return failure(fmt::format("can't find the repository {}", repository), error.value());
    Builds builds;
    builds.command_ = command;
    builds.artifact_ = artifact;
    builds.folder_ = cache + "/" + key_of(absolute, command, artifact);
    builds.clone_ = builds.folder_ + "/repository";
    if (auto made = make_folder(builds.folder_); !made) return std::unexpected(made.error());
    if (auto locked = builds.lock(); !locked) return std::unexpected(locked.error());
    // What a bisect that was killed has left.
    for (const auto& entry : fs::directory_iterator(builds.folder_, error))
        if (entry.path().filename().string().starts_with("work.")) fs::remove_all(entry.path(), error);
    // Commits that came since the last time are fetched by cloning anew: it copies nothing.
    fs::remove_all(builds.clone_, error);
    const auto cloned =
        run_and_read("git", {"clone", "--quiet", "--bare", "--shared", absolute, builds.clone_});
    if (!cloned) return std::unexpected(cloned.error());
    if (cloned->status != 0)
        return misuse(fmt::format("can't clone {}", repository),
                      "--versions git:PATH wants a git repository");
    return builds;
}

Expected<void> Builds::lock() {
    const std::string file = folder_ + "/lock";
    lock_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock_) return failure(fmt::format("can't write {}", file));
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    return misuse(fmt::format("another bisect builds these commits right now, and holds {}", file),
                  "wait for it, or give this one a cache of its own: XDG_CACHE_HOME=FOLDER rehang bisect …");
}

Expected<std::vector<MadeVersion>> Builds::of(const std::vector<std::string>& commits,
                                              const Tick& tick) const {
    return all_at_once<MadeVersion, std::string>(
        commits, [this](const std::string& commit) { return build(commit); }, tick);
}

Expected<MadeVersion> Builds::build(const std::string& commit) const {
    const auto tree = git(clone_, {"rev-parse", commit + "^{tree}"});
    if (!tree) return std::unexpected(tree.error());
    const std::string folder = folder_ + "/" + *tree;
    if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
    MadeVersion result{.value = folder + "/" + fs::path(artifact_).filename().string(),
                       .why_not = {},
                       .log = folder + "/build.log"};
    const std::string failed = folder + "/failed";
    std::error_code error;
    if (fs::exists(result.value, error)) return result;
    const bool known_to_fail = fs::exists(failed, error);
    const auto built = known_to_fail ? Expected<bool>(false) : build_in(commit, result);
    if (!built) return std::unexpected(built.error());
    if (*built) return result;
    if (!known_to_fail) std::ofstream(failed) << commit << '\n';
    result.value.clear();
    result.why_not = "does not build";
    return result;
}

Expected<bool> Builds::build_in(const std::string& commit, const MadeVersion& to) const {
    std::string work = folder_ + "/work.XXXXXX";
    if (!::mkdtemp(work.data())) return failure(fmt::format("can't make a folder in {}", folder_));
    struct Removed {
        const std::string& path;
        ~Removed() {
            std::error_code ignored;
            fs::remove_all(path, ignored);
        }
    } const removed{work};
    const std::string tree = work + "/tree";
    if (auto added = add_work_tree(clone_, tree, commit); !added) return std::unexpected(added.error());
    const auto status = run_command(command_, tree, to.log);
    if (!status) return std::unexpected(status.error());
    std::error_code error;
    if (*status == 0 && fs::exists(tree + "/" + artifact_, error)) {
        // Whole or not at all: a build that is broken off leaves nothing that looks like one.
        const std::string partial = work + "/partial";
        fs::copy_file(tree + "/" + artifact_, partial, fs::copy_options::overwrite_existing, error);
        if (!error) fs::rename(partial, to.value, error);
        if (error) return failure(fmt::format("can't keep {}", to.value), error.value());
        return true;
    }
    std::ofstream(to.log, std::ios::app) << (*status == 0 ? fmt::format("there is no {}\n", artifact_)
                                                          : fmt::format("exit status {}\n", *status));
    return false;
}

}  // namespace rehang
