#include "bisect/debian_roots.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bisect/debian_version.h"
#include "bisect/unpack_debian.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

// What a release says when it is asked.
struct Answer {
    DebianApt::Lists lists;
    DebianOffer offer;
};

// A colon would end the path in LD_LIBRARY_PATH: without the epoch.
std::string root_name(const DebianVersion& version, const std::vector<DebianFile>& files) {
    std::string set;
    for (const DebianFile& file : files) set += fmt::format("{} {}\n", file.name, file.checksum);
    return fmt::format("{}-{}-{:016x}", version.package,
                       version.version.substr(version.version.find(':') + 1), std::hash<std::string>()(set));
}

}  // namespace

Expected<DebianRoots> DebianRoots::open(const DebianPackage& package, const std::string& artifact,
                                        const std::string& cache, const Tick& tick) {
    auto mirror = DebianMirror::from_environment();
    if (!mirror) return std::unexpected(mirror.error());
    if (auto can = can_ask_debian(*mirror); !can) return std::unexpected(can.error());
    DebianRoots roots;
    roots.package_ = package;
    roots.mirror_ = std::move(*mirror);
    roots.artifact_ = artifact;
    roots.folder_ = fmt::format("{}/{}/{}", cache, roots.mirror_.key(), package.architecture);
    if (auto asked = roots.ask(tick); !asked) return std::unexpected(asked.error());
    return roots;
}

Expected<void> DebianRoots::ask(const Tick& tick) {
    const bool named = !package_.releases.empty();
    const Strings releases = named ? package_.releases : debian_releases();
    const auto answers = all_at_once<Answer, std::string>(
        releases,
        [this](const std::string& release) -> Expected<Answer> {
            auto its = apt(release);
            if (!its) return std::unexpected(its.error());
            auto lists = its->update();
            if (!lists) return std::unexpected(lists.error());
            Answer answer{.lists = *lists, .offer = {}};
            if (!lists->there) return answer;
            auto offer = its->offer(package_.name);
            if (!offer) return std::unexpected(offer.error());
            answer.offer = *offer;
            return answer;
        },
        tick);
    if (!answers) return std::unexpected(answers.error());
    Strings missing;
    std::vector<DebianOffer> offers;
    for (size_t i = 0; i < releases.size(); ++i) {
        const Answer& answer = (*answers)[i];
        (answer.lists.there ? asked_ : missing).push_back(releases[i]);
        if (answer.lists.there) offers.push_back(answer.offer);
        if (!answer.lists.unreachable.empty())
            out_of_date_ = fmt::format("{} can't be asked now ({}); what it had at {} is taken", mirror_.uri,
                                       answer.lists.unreachable, answer.lists.of);
    }
    versions_ = versions_of(offers);
    return check(named ? missing : Strings());
}

Expected<void> DebianRoots::check(const Strings& missing) const {
    if (!missing.empty() || asked_.empty()) {
        const auto there =
            releases_on(mirror_, debian_releases(), fmt::format("{}/probe.{}", folder_, ::getpid()));
        if (!there) return std::unexpected(there.error());
        const std::string what = missing.empty() ? "no release of Debian that is known here"
                                                 : fmt::format("no release {}", fmt::join(missing, ", nor "));
        return misuse(fmt::format("{} has {}", mirror_.uri, what),
                      there->empty() ? "REHANG_DEBIAN_MIRROR names another mirror"
                                     : fmt::format("it has {}", fmt::join(*there, ", ")));
    }
    if (versions_.empty()) return no_such_package();
    if (versions_.size() == 1)
        return misuse(fmt::format("there is only one version of {}: {}", package_.name, versions_[0].shown),
                      fmt::format("asked were {}", fmt::join(asked_, ", ")));
    return {};
}

std::unexpected<Error> DebianRoots::no_such_package() const {
    const std::string& newest = asked_.back();
    Strings like;
    if (auto its = apt(newest))
        if (auto names = its->like(package_.name)) like = std::move(*names);
    return misuse(fmt::format("{} has no package {} for {} in {}", mirror_.uri, package_.name,
                              package_.architecture, fmt::join(asked_, ", ")),
                  like.empty() ? "a name of a binary package, as `apt-cache search` shows them"
                               : fmt::format("{} has {}", newest, fmt::join(like, ", ")));
}

Expected<DebianApt> DebianRoots::apt(const std::string& release) const {
    return DebianApt::open(mirror_, release, package_.architecture, folder_ + "/apt/" + release);
}

Expected<std::vector<MadeVersion>> DebianRoots::of(const Strings& versions, const Tick& tick) const {
    return all_at_once<MadeVersion, std::string>(
        versions,
        [this](const std::string& name) {
            return make(*std::ranges::find(versions_, name, &DebianVersion::version));
        },
        tick);
}

// A version that can't be unpacked is skipped; only what another try may mend ends the bisect.
Expected<MadeVersion> DebianRoots::make(const DebianVersion& version) const {
    auto its = apt(version.releases.front());
    if (!its) return std::unexpected(its.error());
    auto root = root_of(version, *its);
    if (!root && root.error().kind == Error::Kind::unsupported) {
        const std::string why = root.error().what;
        if (auto left_out = its->leave_updates_out(); !left_out) return std::unexpected(left_out.error());
        root = root_of(version, *its);
        if (!root && root.error().kind == Error::Kind::unsupported)
            return MadeVersion{
                .value = {}, .why_not = fmt::format("can't be installed: {}", why), .log = its->log()};
    }
    if (!root) return std::unexpected(root.error());
    return artifact_in(*root);
}

Expected<std::string> DebianRoots::root_of(const DebianVersion& version, DebianApt& its) const {
    const auto files = its.needed(version.package, version.version);
    if (!files) return std::unexpected(files.error());
    const std::string roots = folder_ + "/roots";
    std::string root = roots + "/" + root_name(version, *files);
    std::error_code error;
    if (fs::exists(root, error)) return root;
    const auto packages = its.fetch(version.package, version.version, *files);
    if (!packages) return std::unexpected(packages.error());
    fs::create_directories(roots, error);
    if (error) return failure(fmt::format("can't make the folder {}", roots), error.value());
    const std::string aside = fmt::format("{}/unpacking.{}", roots, version.releases.front());
    if (auto unpacked = unpack_debian(*packages, root, aside, its.log()); !unpacked)
        return std::unexpected(unpacked.error());
    its.forget_fetched();
    return root;
}

Expected<MadeVersion> DebianRoots::artifact_in(const std::string& root) const {
    const std::string list = root + "/packages";
    if (artifact_.empty()) return MadeVersion{.value = root, .why_not = {}, .log = list};
    glob_t found{};
    const int result = ::glob((root + "/" + artifact_).c_str(), 0, nullptr, &found);
    Strings paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result == 0 && paths.size() == 1)
        return MadeVersion{.value = paths.front(), .why_not = {}, .log = list};
    return MadeVersion{.value = {},
                       .why_not = paths.empty() ? fmt::format("has no {}", artifact_)
                                                : fmt::format("has several files {}", artifact_),
                       .log = list};
}

}  // namespace rehang
