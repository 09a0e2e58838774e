#include "plan/check_symbols.h"

#include <algorithm>
#include <map>

#include "plans.h"

using namespace rehang;
using namespace rehang::test;

namespace {

// Libraries as the test says: file -> its functions, one for each way in which it can be named.
class KnownLibraries : public Libraries {
  public:
    std::optional<std::string> find(const std::string& module, const PlannedProcess& process) const override {
        if (module == "own.so" && process.name != "probe") return std::nullopt;
        const std::string file = "/lib/" + module;
        return functions_.contains(file) ? std::optional(file) : std::nullopt;
    }
    std::optional<std::string> find_in_guest(const std::string& module,
                                             const PlannedProcess&) const override {
        const std::string file = "/root/" + module;
        return functions_.contains(file) ? std::optional(file) : std::nullopt;
    }
    const std::vector<std::string>& functions(const std::string& file) const override {
        return functions_.at(file);
    }
    size_t matches(const std::string& file, const std::string& symbol) const override {
        const auto& names = functions(file);
        return static_cast<size_t>(std::ranges::count(names, symbol));
    }

    Line line(const std::string& file, const SourceLine& line) const override {
        if (file != "/lib/libtc.so") return {};
        Line known{
            .debug_information = true, .functions = {}, .sources = {"list.cc", "free.cc"}, .nearest = {}};
        if (line.source != "list.cc") return known;
        known.nearest = line.line < 20 ? 10 : 30;
        if (line.line == 10) known.functions = {"f"};
        if (line.line == 30) known.functions = {"f", "g"};
        return known;
    }
    bool is_code(const std::string&, std::uint64_t offset) const override { return offset < 0x1000; }
    bool can_execute(const std::string& program) const override { return program != "/bin/absent"; }

  private:
    std::map<std::string, std::vector<std::string>> functions_ = {
        {"/lib/libtc.so", {"tc::List::Release", "_ZN2tc4List7ReleaseEPv", "tc_free"}},
        {"/lib/over.so", {"f", "f", "_Z1fi", "_Z1fPKc", "g"}},
        {"/lib/own.so", {"h"}},
        {"/root/libtc.so", {"tc::List::ReleaseAll", "_ZN2tc4List10ReleaseAllEPv"}},
    };
};

Lines check(std::string_view body) {
    Lines lines;
    for (const Diagnostic& diagnostic : check_symbols(only_plan(body), KnownLibraries()))
        lines.push_back(format(diagnostic));
    return lines;
}

Lines check_point(const std::string& enter) {
    return check("[point.p]\nprocess = \"probe/1\"\nenter   = \"" + enter + "\"\n");
}

}  // namespace

TEST_CASE("symbols that libraries have are fine") {
    CHECK(check_point("libtc.so!tc::List::Release") == Lines{});
    CHECK(check_point("libtc.so!tc_free") == Lines{});
    CHECK(check_point("syscall:read") == Lines{});
}

TEST_CASE("a misspelt symbol comes with the nearest one of its library, at its place") {
    CHECK(check_point("libtc.so!tc::Lists::Release") ==
          Lines{"dir/x.toml:12:11: error: libtc.so has no function \"tc::Lists::Release\"; did you mean "
                "\"tc::List::Release\"?\n"
                "    looked in /lib/libtc.so"});
    CHECK(
        check("[[fault]]\nname = \"x\"\nprocess = \"probe\"\nfunction = \"libtc.so!tc_fre\"\nreturn = 0\n") ==
        Lines{"dir/x.toml:13:12: error: libtc.so has no function \"tc_fre\"; did you mean \"tc_free\"?\n"
              "    looked in /lib/libtc.so"});
}

TEST_CASE("an ambiguous symbol comes with what it can mean") {
    CHECK(check_point("over.so!f") ==
          Lines{"dir/x.toml:12:11: error: over.so has 2 functions \"f\"; say which one with its parameters\n"
                "    for example: f(char const*); f(int)"});
}

TEST_CASE("lines are looked for in debug information, offsets in code") {
    CHECK(check_point("libtc.so!list.cc:10") == Lines{});
    CHECK(check_point("libtc.so!list.cc:12") ==
          Lines{"dir/x.toml:12:11: error: line 12 of list.cc has no code; the nearest line that has is 10"});
    CHECK(check_point("libtc.so!list.cc:30") ==
          Lines{"dir/x.toml:12:11: error: line 30 of list.cc is compiled into 2 functions: f, g\n"
                "    name one of them: \"MODULE!SYMBOL\""});
    CHECK(check_point("libtc.so!lst.cc:10") == Lines{"dir/x.toml:12:11: error: libtc.so was not made from a "
                                                     "file \"lst.cc\"; did you mean \"list.cc\"?\n"
                                                     "    looked in /lib/libtc.so"});
    CHECK(check_point("over.so!a.c:1") ==
          Lines{"dir/x.toml:12:11: error: over.so has no debug information, so it has no lines\n"
                "    compile it with -g, install its debug symbols, or name a function: \"MODULE!SYMBOL\""});
    CHECK(check_point("libtc.so+0x10") == Lines{});
    CHECK(check_point("libtc.so+0x1000") ==
          Lines{"dir/x.toml:12:11: error: libtc.so has no code at 0x1000\n"
                "    an offset is an address as in nm and objdump: looked in /lib/libtc.so"});
    CHECK(check_point("a.c:1") ==
          Lines{"dir/x.toml:12:11: note: there is no probe on this host, so \"a.c:1\" could not be checked"});
}

TEST_CASE("functions that are left are looked for like those that are entered") {
    CHECK(check("[point.p]\nprocess = \"probe\"\nleave = \"libtc.so!tc_fre\"\n").size() == 1);
}

TEST_CASE("a library that this host does not have is only noted") {
    CHECK(check_point("libfar.so!f") ==
          Lines{"dir/x.toml:12:11: note: there is no libfar.so on this host, so \"f\" could not be checked"});
}

TEST_CASE("libraries are looked for as the process of the point would find them") {
    CHECK(check("[[process]]\nname = \"b\"\nargv = [\"b\"]\n[point.p]\nprocess = \"probe\"\nenter = "
                "\"own.so!h\"\n"
                "[point.q]\nprocess = \"b/1\"\nenter = \"own.so!h\"\n") ==
          Lines{"dir/x.toml:18:9: note: there is no own.so on this host, so \"h\" could not be checked"});
}

TEST_CASE("a program that is not there is a mistake, unless the scenario says that it needs it") {
    Plan plan = only_plan("");
    plan.processes[0].argv[0] = "/bin/absent";
    CHECK(check_symbols(plan, KnownLibraries()).size() == 1);
    CHECK(check_symbols(plan, KnownLibraries()).front().message == "there is no program /bin/absent");
    plan.needs = {"program:/bin/absent"};
    CHECK(check_symbols(plan, KnownLibraries()).empty());
}

TEST_CASE("functions of a guest are looked for in its own modules, which need no library of this host") {
    const auto check_guest = [](const std::string& enter) {
        Plan plan = only_plan("[point.p]\nprocess = \"probe/1\"\nenter   = \"" + enter + "\"\n");
        plan.processes.front().argv = {"qemu-aarch64-static", "-E", "LD_PRELOAD=/x/fake_client-aarch64.so"};
        Lines lines;
        for (const Diagnostic& diagnostic : check_symbols(plan, KnownLibraries()))
            if (diagnostic.at.line == 12) lines.push_back(format(diagnostic));
        return lines;
    };
    CHECK(check_guest("guest:libtc.so!tc::List::ReleaseAll") == Lines{});
    CHECK(check_guest("guest:libtc.so!tc::List::ReleaseAl") ==
          Lines{"dir/x.toml:12:11: error: libtc.so has no function \"tc::List::ReleaseAl\"; did you mean "
                "\"tc::List::ReleaseAll\"?\n"
                "    looked in /root/libtc.so"});
    CHECK(check_guest("guest:libfar.so!f") ==
          Lines{"dir/x.toml:12:11: note: libfar.so was not found for probe, so \"f\" could not be checked"});
}

TEST_CASE("a guest without the client is noted") {
    const Lines lines = check_point("guest:libtc.so!tc::List::ReleaseAll");
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().starts_with("dir/x.toml:12:11: note: probe seems to be without the preload client"));
}
