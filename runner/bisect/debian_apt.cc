#include "bisect/debian_apt.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/files.h"
#include "base/suggest.h"
#include "bisect/shell.h"

namespace rehang {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr std::string_view keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

bool is_local(const DebianMirror& mirror) {
    return mirror.uri.starts_with("file:");
}

// A folder that is not mounted: apt would say of each file that it is not there.
std::string why_not_there(const DebianMirror& mirror) {
    std::error_code error;
    const std::string folder = local_path(mirror.uri);
    return folder.empty() || fs::exists(folder, error) ? "" : fmt::format("there is no folder {}", folder);
}

// A folder of this host is nobody else's: it needs no signature.
std::string sources(const DebianMirror& mirror, const std::vector<DebianSuite>& suites) {
    const std::string trust = is_local(mirror) ? "trusted=yes" : fmt::format("signed-by={}", keyring);
    std::string text;
    for (const DebianSuite& suite : suites)
        text += fmt::format("deb [{}] {}/{} {} main\n", trust, mirror.uri,
                            suite.security ? "debian-security" : "debian", suite.name);
    return text;
}

// Of the host's configuration how to get at a mirror, and whether to mind its age. It may also have hooks,
// which would change the host.
std::string host_configuration() {
    const auto dump = run_and_read("apt-config", {"dump"});
    if (!dump) return "";
    std::string kept;
    std::istringstream in(dump->out);
    for (std::string line; std::getline(in, line);)
        for (const std::string_view name : {"Acquire::http::", "Acquire::https::", "Acquire::Check-"})
            if (line.starts_with(name)) kept += line + '\n';
    return kept;
}

std::string configuration(const std::string& folder, const std::string& release,
                          const std::string& architecture, bool lists) {
    // Backports and experimental are taken for what they have only if one asks for it.
    const bool on_top = suites_of(release).size() > 1 && suites_of(release)[1].name != release + "-updates";
    return fmt::format(R"(APT::Architecture "{1}";
APT::Architectures {{ "{1}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Default-Release "{2}";
Acquire::AllowReleaseInfoChange "true";
Acquire::GzipIndexes "true";
Acquire::IndexTargets::deb::Packages::DefaultEnabled "{3}";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::Cache "{0}/cache";
Dir::Cache::srcpkgcache "";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Log "{0}";
Dir::State "{0}";
Dir::State::extended_states "{0}/extended_states";
Dir::State::lists "{0}/lists";
Dir::State::status "{0}/status";
Debug::NoLocking "true";
)",
                       folder, architecture, on_top ? release : "", lists);
}

Expected<void> make_folder(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return failure(fmt::format("can't make the folder {}", path), error.value());
    return {};
}

// apt-get, apt-cache: by the configuration in this folder only (apt.conf(5)), and in the language that
// missing_suites() reads.
Expected<Ended> run_apt(const std::string& folder, const std::string& program, const Strings& words) {
    Strings all = {fmt::format("APT_CONFIG={}/apt.conf", folder), "LC_ALL=C", program};
    all.insert(all.end(), words.begin(), words.end());
    return run_and_read("env", all, folder + "/apt.log");
}

Expected<void> configure(const std::string& folder, const std::string& text, const std::string& sources) {
    for (const char* part : {"/lists/partial", "/cache/archives/partial", "/none/partial"})
        if (auto made = make_folder(folder + part); !made) return made;
    for (const auto& [name, content] : {std::pair("/status", std::string()), std::pair("/apt.conf", text),
                                        std::pair("/sources.list", sources)})
        if (auto written = write_file(folder + name, content); !written) return written;
    return {};
}

std::unexpected<Error> unreachable(const DebianMirror& mirror, const std::string& why) {
    return std::unexpected(Error{
        .what = fmt::format("can't get what {} has: {}", mirror.uri, why.empty() ? "apt-get failed" : why),
        .hint = "is the network up? Proxies are apt's (Acquire::http::Proxy); REHANG_DEBIAN_MIRROR names "
                "another mirror"});
}

bool names(const Strings& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

}  // namespace

Expected<DebianMirror> DebianMirror::from_environment() {
    const char* named = std::getenv("REHANG_DEBIAN_MIRROR");
    DebianMirror mirror{.uri = named != nullptr && *named != '\0' ? named : "http://deb.debian.org"};
    while (mirror.uri.ends_with('/')) mirror.uri.pop_back();
    const bool has_scheme =
        std::ranges::any_of(Strings{"http://", "https://", "file:/"}, [&](const auto& scheme) {
            return mirror.uri.starts_with(scheme) && mirror.uri.size() > scheme.size();
        });
    if (!has_scheme || mirror.uri.find_first_of(" \t\n[]\"") != std::string::npos)
        return misuse(
            fmt::format("REHANG_DEBIAN_MIRROR is \"{}\", which is no URI of a mirror", mirror.uri),
            "REHANG_DEBIAN_MIRROR=http://deb.debian.org, whose folders are debian and debian-security");
    return mirror;
}

std::string DebianMirror::key() const {
    std::string name = uri.substr(uri.find(':') + 1);
    name.erase(0, std::min(name.find_first_not_of('/'), name.size()));
    std::ranges::replace(name, '/', '_');
    std::ranges::replace(name, ':', '_');
    return name;
}

Expected<void> can_ask_debian(const DebianMirror& mirror) {
    for (const char* program : {"apt-get", "apt-cache", "dpkg-deb"})
        if (const auto found = run_and_read(program, {"--version"}); !found)
            return unsupported(
                fmt::format("this host has no {}, by which --versions debian: gets its packages", program),
                "run it on Debian or Ubuntu; --versions dir: takes what is unpacked already");
    std::error_code error;
    if (!is_local(mirror) && !fs::exists(keyring, error))
        return unsupported(fmt::format("{} is not there, and so no mirror can be trusted", keyring),
                           "apt-get install debian-archive-keyring");
    return {};
}

Expected<DebianApt> DebianApt::open(const DebianMirror& mirror, const std::string& release,
                                    const std::string& architecture, const std::string& folder) {
    DebianApt apt;
    apt.mirror_ = mirror;
    apt.release_ = release;
    apt.architecture_ = architecture;
    apt.folder_ = folder;
    if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
    const std::string file = folder + "/lock";
    apt.lock_.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!apt.lock_) return failure(fmt::format("can't write {}", file));
    while (::flock(apt.lock_.get(), LOCK_EX) != 0)
        if (errno != EINTR) return failure(fmt::format("can't lock {}", file));
    return apt;
}

Expected<DebianApt::Lists> DebianApt::update() {
    std::vector<DebianSuite> suites = suites_of(release_);
    const std::string text = host_configuration() + configuration(folder_, release_, architecture_, true);
    for (;;) {
        if (auto done = configure(folder_, text, sources(mirror_, suites)); !done)
            return std::unexpected(done.error());
        if (const std::string why = why_not_there(mirror_); !why.empty()) return earlier_lists(why);
        const auto ended = run_apt(folder_, "apt-get", {"-qq", "update"});
        if (!ended) return std::unexpected(ended.error());
        if (ended->status == 0) break;
        const std::string errors = read_file_or_empty(log());
        const Strings missing = missing_suites(errors);
        if (names(missing, release_)) return Lists{.there = false, .unreachable = {}, .of = {}};
        // A release need not have updates.
        if (std::erase_if(suites, [&](const DebianSuite& suite) { return names(missing, suite.name); }) == 0)
            return earlier_lists(first_error(errors));
    }
    if (auto stamped = write_file(stamp(), ""); !stamped) return std::unexpected(stamped.error());
    return Lists();
}

Expected<DebianApt::Lists> DebianApt::earlier_lists(const std::string& why_not_now) const {
    struct stat status {};
    if (::stat(stamp().c_str(), &status) != 0) return unreachable(mirror_, why_not_now);
    return Lists{.there = true,
                 .unreachable = why_not_now,
                 .of = fmt::format("{:%F %H:%M}", fmt::localtime(status.st_mtime))};
}

Expected<DebianOffer> DebianApt::offer(const std::string& package) {
    const Strings all = debian_names(package);
    Strings words = {"madison"};
    words.insert(words.end(), all.begin(), all.end());
    const auto ended = run_apt(folder_, "apt-cache", words);
    if (!ended) return std::unexpected(ended.error());
    return offer_in(ended->out, release_, all);
}

Expected<Strings> DebianApt::like(const std::string& package) {
    const auto ended = run_apt(folder_, "apt-cache", {"pkgnames"});
    if (!ended) return std::unexpected(ended.error());
    std::istringstream in(ended->out);
    Strings known;
    for (std::string name; in >> name;) known.push_back(name);
    std::ranges::sort(known);
    return nearest(package, known, 3);
}

Expected<std::vector<DebianFile>> DebianApt::needed(const std::string& package, const std::string& version) {
    const auto ended =
        run_apt(folder_, "apt-get",
                // What was fetched already would be left out; more quiet, it would not say what is unmet.
                {"-q", "-y", "-o", fmt::format("Dir::Cache::archives={}/none", folder_), "--print-uris",
                 "install", package + "=" + version});
    if (!ended) return std::unexpected(ended.error());
    auto files = read_uris(ended->out);
    if (ended->status == 0 && !files.empty()) return files;
    const std::string unmet = unmet_dependency(ended->out);
    return unsupported(unmet.empty() ? first_error(read_file_or_empty(log())) : unmet, {});
}

Expected<Strings> DebianApt::fetch(const std::string& package, const std::string& version,
                                   const std::vector<DebianFile>& files) {
    if (const std::string why = why_not_there(mirror_); !why.empty()) return unreachable(mirror_, why);
    const auto ended =
        run_apt(folder_, "apt-get", {"-qq", "-y", "--download-only", "install", package + "=" + version});
    if (!ended) return std::unexpected(ended.error());
    if (ended->status != 0) {
        const std::string errors = read_file_or_empty(log());
        return only_gone(errors) ? unsupported(first_error(errors), {})
                                 : unreachable(mirror_, first_error(errors));
    }
    Strings paths;
    for (const DebianFile& file : files) {
        const std::string local = local_path(file.uri);
        paths.push_back(local.empty() ? fmt::format("{}/{}", archives(), file.name) : local);
    }
    return paths;
}

void DebianApt::forget_fetched() const {
    std::error_code ignored;
    fs::remove_all(archives(), ignored);
    fs::create_directories(archives() + "/partial", ignored);
}

Expected<void> DebianApt::leave_updates_out() const {
    std::vector<DebianSuite> suites = suites_of(release_);
    std::erase_if(
        suites, [](const DebianSuite& suite) { return suite.security || suite.name.ends_with("-updates"); });
    return write_file(folder_ + "/sources.list", sources(mirror_, suites));
}

Expected<Strings> releases_on(const DebianMirror& mirror, const Strings& releases,
                              const std::string& folder) {
    Strings there;
    for (const std::string& release : releases) {
        // Without signatures there is nothing to see but the lists.
        const std::string text =
            host_configuration() + configuration(folder, release, "amd64", is_local(mirror));
        if (auto done = configure(folder, text, sources(mirror, {{.name = release}})); !done)
            return std::unexpected(done.error());
        const auto ended = run_apt(folder, "apt-get", {"-qq", "update"});
        if (!ended) return std::unexpected(ended.error());
        if (ended->status == 0) there.push_back(release);
    }
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return there;
}

}  // namespace rehang
