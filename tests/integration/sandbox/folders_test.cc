// The file system that a target sees.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/unique_fd.h"
#include "catch.h"
#include "running.h"

using namespace rehang;
using namespace rehang::test;
namespace fs = std::filesystem;

namespace {

// A folder of the host's below /tmp, gone at the end of the test.
class HostFolder {
  public:
    HostFolder() {
        char name[] = "/tmp/rehang-test-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path_ = name;
    }
    HostFolder(const HostFolder&) = delete;
    HostFolder& operator=(const HostFolder&) = delete;
    ~HostFolder() { fs::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace

TEST_CASE("the host's root is read-only, with everything mounted on it") {
    const auto output = output_of("for d in / /usr /dev /sys; do touch $d/rehang-test 2>&1; done");
    if (!output) return;
    for (const char* folder : {"//", "/usr/", "/dev/", "/sys/"})
        CHECK(output->find(fmt::format("'{}rehang-test': Read-only file system", folder)) !=
              std::string::npos);
    CHECK_FALSE(fs::exists("/usr/rehang-test"));
}

TEST_CASE("/tmp, /var/tmp, /run and /dev/shm are empty, writable and not the host's") {
    HostFolder in_host_tmp;
    const auto output = output_of(
        "for d in /tmp /var/tmp /run /dev/shm; do echo $d $(ls -A $d | wc -l) $(stat -c %a $d); "
        "echo x > $d/rehang-test-file; cat $d/rehang-test-file; done");
    if (!output) return;
    CHECK(*output == "/tmp 0 1777\nx\n/var/tmp 0 1777\nx\n/run 0 755\nx\n/dev/shm 0 1777\nx\n");
    CHECK_FALSE(fs::exists("/tmp/rehang-test-file"));
}

TEST_CASE("/proc is that of the sandbox, and the system's settings in it can't be written") {
    const auto output = output_of(
        "cat /proc/1/comm; echo /proc/[0-9]*; cat /proc/sys/kernel/hostname; "
        "(echo 1 > /proc/sys/vm/drop_caches) 2>&1");
    if (!output) return;
    CHECK(output->starts_with("rehang-init\n/proc/1 /proc/2\nrehang\n"));
    CHECK(output->find("cannot create /proc/sys/vm/drop_caches: Read-only file system") != std::string::npos);
}

TEST_CASE("/dev/null and /dev/zero work") {
    const auto output = output_of("echo gone > /dev/null && head -c 3 /dev/zero | wc -c");
    if (!output) return;
    CHECK(*output == "3\n");
}

TEST_CASE("whoever may open a device of the host may do so in the sandbox, and nobody else") {
    const auto output = output_of("for d in full kvm; do (exec 3<>/dev/$d) 2>/dev/null && echo $d; done");
    if (!output) return;
    std::string expected;
    for (const char* device : {"full", "kvm"})
        if (const UniqueFd opened(::open(fmt::format("/dev/{}", device).c_str(), O_RDWR | O_CLOEXEC)); opened)
            expected += fmt::format("{}\n", device);
    CHECK(*output == expected);
    CHECK(expected.starts_with("full\n"));
}

TEST_CASE("a private folder that the host has is empty and writable; what surrounds it stays") {
    Plan plan =
        shell_plan({"ls -A /usr/share/doc | wc -l; touch /usr/share/doc/x && ls /usr/share/doc; "
                    "ls -d /usr/share/common-licenses; touch /usr/share/x 2>&1"});
    plan.sandbox.private_folders = {"/usr/share/doc"};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output ==
          "0\nx\n/usr/share/common-licenses\ntouch: cannot touch '/usr/share/x': Read-only file system\n");
}

TEST_CASE("a private folder that the host does not have is made, and its surroundings look as before") {
    const std::string missing = "/var/lib/rehang-test-missing/deeper";
    REQUIRE_FALSE(fs::exists(missing));
    Plan plan =
        shell_plan({fmt::format("touch {0}/x && ls {0}; ls -A /var/lib | grep -v rehang-test-missing | sort; "
                                "echo; touch /var/lib/y 2>&1; touch /var/lib/rehang-test-missing/y 2>&1",
                                missing)});
    plan.sandbox.private_folders = {missing};
    const auto output = output_of(plan);
    if (!output) return;

    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator("/var/lib")) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    std::string expected = "x\n";
    for (const std::string& name : names) expected += name + "\n";
    expected +=
        "\ntouch: cannot touch '/var/lib/y': Read-only file system\n"
        "touch: cannot touch '/var/lib/rehang-test-missing/y': Read-only file system\n";
    CHECK(*output == expected);
    CHECK_FALSE(fs::exists("/var/lib/rehang-test-missing"));
}

TEST_CASE("a private folder that is missing right below the root works, and links in the root stay links") {
    Plan plan =
        shell_plan({"touch /rehang-test-top/x && ls /rehang-test-top; readlink /bin; touch /y 2>&1; "
                    "touch /tmp/z && ls /tmp; touch /usr/y 2>&1; cat /proc/1/comm"});
    plan.sandbox.private_folders = {"/rehang-test-top"};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output ==
          "x\nusr/bin\ntouch: cannot touch '/y': Read-only file system\nz\n"
          "touch: cannot touch '/usr/y': Read-only file system\nrehang-init\n");
}

TEST_CASE("a private folder inside another private folder is made there") {
    Plan plan = shell_plan({"touch /run/a/b/x /run/y && ls /run /run/a/b && stat -c %a /run/a/b"});
    plan.sandbox.private_folders = {"/run/a/b"};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "/run:\na\ny\n\n/run/a/b:\nx\n755\n");
}

TEST_CASE("a visible folder that /tmp hides is there, read-only, and nothing else of the host's /tmp") {
    HostFolder visible;
    HostFolder other;
    std::ofstream(visible.path() + "/file") << "seen\n";
    Plan plan = shell_plan({fmt::format(
        "cat {0}/file; touch {0}/x 2>&1; ls -A /tmp; touch /tmp/y && echo writable", visible.path())});
    plan.sandbox.visible = {visible.path()};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == fmt::format("seen\ntouch: cannot touch '{}/x': Read-only file system\n{}\nwritable\n",
                                 visible.path(), fs::path(visible.path()).filename().string()));
}

TEST_CASE("a program that lies in a hidden folder is found, by its path and through a link") {
    HostFolder build;
    fs::create_directory(build.path() + "/bin");
    const std::string program = build.path() + "/bin/greet";
    std::ofstream(program) << "#!/bin/sh\necho hello from \"$0\"\n";
    fs::permissions(program, fs::perms::owner_all);
    fs::create_symlink("bin", build.path() + "/link");
    for (const std::string folder : {"/bin", "/link"}) {
        Plan plan = shell_plan({""});
        plan.processes[0].argv = {build.path() + folder + "/greet"};
        const auto output = output_of(plan);
        if (!output) return;
        CHECK(*output == fmt::format("hello from {}{}/greet\n", build.path(), folder));
    }
}

TEST_CASE("a program right in a folder that is to be empty is there alone") {
    HostFolder folder;
    const std::string program = folder.path() + "/greet";
    std::ofstream(program) << "#!/bin/sh\nls -A ${0%/*}\n";
    fs::permissions(program, fs::perms::owner_all);
    std::ofstream(folder.path() + "/other") << "x";
    Plan plan = shell_plan({""});
    plan.processes[0].argv = {program};
    plan.sandbox.private_folders = {folder.path()};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "greet\n");
}

TEST_CASE("the host's mounts are as before") {
    const std::string before = read_file_or_empty("/proc/self/mountinfo");
    Plan plan = shell_plan({"true"});
    plan.sandbox.private_folders = {"/rehang-test-top", "/var/lib/rehang-test-missing"};
    auto sandbox = try_create(plan);
    if (!sandbox) return;
    CHECK(read_file_or_empty("/proc/self/mountinfo") == before);
    CHECK_FALSE(fs::exists("/rehang-test-top"));
}

TEST_CASE("a file of the sandbox covers the host's, which stays as it is") {
    const std::string host = *read_file("/etc/passwd");
    Plan plan = shell_plan(
        {"tail -n 1 /etc/passwd; head -n 1 /etc/passwd; echo x >> /etc/passwd; tail -n 1 /etc/passwd; "
         "stat -c %a /etc/passwd; cat /etc/group; touch /etc/new 2>&1"});
    plan.sandbox.files = {{.path = "/etc/passwd", .text = "last line\n", .appended = true},
                          {.path = "/etc/group", .text = "whole\n", .mode = 0600}};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "last line\n" + host.substr(0, host.find('\n') + 1) +
                         "x\n644\nwhole\ntouch: cannot touch '/etc/new': Read-only file system\n");
    CHECK(*read_file("/etc/passwd") == host);
}

TEST_CASE("a file of the sandbox in a private folder is a file as any other") {
    Plan plan = shell_plan(
        {"/tmp/a/run; cat /run/x; mv /tmp/a/run /tmp/moved && rm /run/x && echo gone; ls /tmp /run"});
    plan.sandbox.files = {{.path = "/tmp/a/run", .text = "#!/bin/sh\necho runs\n", .mode = 0755},
                          {.path = "/run/x", .text = "x\n", .appended = true}};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "runs\nx\ngone\n/run:\n\n/tmp:\na\nmoved\n");
}

TEST_CASE("a file of the sandbox is made where the host has none, and its surroundings look as before") {
    REQUIRE_FALSE(fs::exists("/etc/rehang-test"));
    REQUIRE_FALSE(fs::exists("/usr/share/rehang-test"));
    Plan plan = shell_plan(
        {"cat /etc/rehang-test /usr/share/rehang-test/a/b; echo y >> /etc/rehang-test; cat /etc/rehang-test; "
         "ls /etc | grep -v rehang-test | wc -l; touch /etc/rehang-other 2>&1"});
    plan.sandbox.files = {{.path = "/etc/rehang-test", .text = "x\n"},
                          {.path = "/usr/share/rehang-test/a/b", .text = "z\n"}};
    const auto output = output_of(plan);
    if (!output) return;
    size_t entries = 0;
    for (const auto& entry : fs::directory_iterator("/etc"))
        entries += entry.path().filename().string().starts_with('.') ? 0 : 1;
    CHECK(*output ==
          fmt::format("x\nz\nx\ny\n{}\ntouch: cannot touch '/etc/rehang-other': Read-only file system\n",
                      entries));
    CHECK_FALSE(fs::exists("/etc/rehang-test"));
}

TEST_CASE("a file of the sandbox that the host has as a link covers what the link leads to") {
    HostFolder host;
    // /tmp is private: the link lies where it can be seen, in a visible folder, and leads out of it.
    fs::create_symlink("/etc/passwd", host.path() + "/link");
    Plan plan = shell_plan({fmt::format("cat {0}/link /etc/passwd; readlink {0}/link", host.path())});
    plan.sandbox.visible = {host.path()};
    plan.sandbox.files = {{.path = host.path() + "/link", .text = "x\n"}};
    const auto output = output_of(plan);
    if (!output) return;
    CHECK(*output == "x\nx\n/etc/passwd\n");
}

TEST_CASE("a file of the sandbox where the host has a folder is an error that names it") {
    Plan plan = shell_plan({"true"});
    plan.sandbox.files = {{.path = "/usr/share", .text = "x"}};
    const auto sandbox = Sandbox::create(plan, {});
    REQUIRE_FALSE(sandbox);
    if (sandbox.error().kind == Error::Kind::unsupported) return;
    CHECK(sandbox.error().what.find("[[sandbox.file]] /usr/share: there is a folder") != std::string::npos);
}
