#include "campaign/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "campaign/xml_text.h"

namespace rehang {
namespace {

void set(pugi::xml_node node, const char* attribute, const std::string& value) {
    node.append_attribute(attribute).set_value(xml_text(value).c_str());
}

// "scenarios.libc.localtime-lock-at-fork": CI systems group by what stands before the last dot.
std::string class_name(std::string file) {
    if (file.ends_with(".toml")) file.resize(file.size() - 5);
    while (file.starts_with("./")) file.erase(0, 2);
    while (file.starts_with('/')) file.erase(0, 1);
    std::ranges::replace(file, '/', '.');
    return file.empty() ? "rehang" : file;
}

std::string seconds(double ms) {
    return fmt::format("{:.3f}", ms / 1000);
}

void add_case(pugi::xml_node suite, const Tally& tally) {
    pugi::xml_node node = suite.append_child("testcase");
    set(node, "classname", class_name(tally.file));
    set(node, "name", tally.name());
    set(node, "time", seconds(tally.total_ms));
    if (tally.good()) return;
    const bool skipped = tally.skipped();
    pugi::xml_node trouble = node.append_child(skipped ? "skipped" : tally.failed > 0 ? "error" : "failure");
    const size_t all = tally.runs + tally.failed;
    const std::string share =
        all > 1 ? fmt::format("{} of {} runs as expected: ", tally.as_expected, all) : "";
    set(trouble, "message", (skipped ? "" : share) + tally.trouble);
    if (skipped) return;
    set(trouble, "type", tally.outcome_text());
    trouble.append_child(pugi::node_pcdata).set_value(xml_text(tally.details).c_str());
}

}  // namespace

std::string junit_xml(const std::vector<Tally>& tallies, const JUnitOrigin& origin) {
    size_t failures = 0, errors = 0, skipped = 0;
    double total_ms = 0;
    for (const Tally& tally : tallies) {
        total_ms += tally.total_ms;
        if (tally.good()) continue;
        ++(tally.skipped() ? skipped : tally.failed > 0 ? errors : failures);
    }
    pugi::xml_document document;
    document.append_child(pugi::node_declaration).append_attribute("version") = "1.0";
    document.first_child().append_attribute("encoding") = "UTF-8";
    pugi::xml_node suite = document.append_child("testsuites").append_child("testsuite");
    set(suite, "id", "0");
    set(suite, "name", "rehang");
    set(suite, "package", "rehang");
    set(suite, "hostname", origin.hostname.empty() ? "localhost" : origin.hostname);
    set(suite, "timestamp", origin.timestamp);
    set(suite, "tests", std::to_string(tallies.size()));
    set(suite, "failures", std::to_string(failures));
    set(suite, "errors", std::to_string(errors));
    set(suite, "skipped", std::to_string(skipped));
    set(suite, "time", seconds(total_ms));
    pugi::xml_node property = suite.append_child("properties").append_child("property");
    set(property, "name", "rehang");
    set(property, "value", origin.rehang);
    for (const Tally& tally : tallies) add_case(suite, tally);
    suite.append_child("system-out");
    suite.append_child("system-err");
    std::ostringstream text;
    document.save(text, "  ", pugi::format_default, pugi::encoding_utf8);
    return std::move(text).str();
}

}  // namespace rehang
