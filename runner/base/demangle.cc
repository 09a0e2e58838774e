#include "base/demangle.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace rehang {
namespace {

// Where the parameter list of a demangled function begins: the "(" that belongs to the last ")".
size_t parameter_list(const std::string& text) {
    size_t at = text.rfind(')');
    if (at == std::string::npos) return std::string::npos;
    if (text.compare(at + 1, 2, "::") == 0) return std::string::npos;  // "(anonymous namespace)::object"
    int depth = 0;
    for (;; --at) {
        if (text[at] == ')') ++depth;
        if (text[at] == '(' && --depth == 0) return at;
        if (at == 0) return std::string::npos;
    }
}

// Only templates carry their return type: "void f<int>" is "f<int>".
std::string without_return_type(const std::string& text) {
    if (text.find('<') == std::string::npos || text.find("operator") != std::string::npos) return text;
    int depth = 0;
    size_t start = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '<' || text[i] == '(') ++depth;
        if (text[i] == '>' || text[i] == ')') --depth;
        if (text[i] == ' ' && depth == 0) start = i + 1;
    }
    return text.substr(start);
}

}  // namespace

std::string demangle(const std::string& mangled) {
    if (!mangled.starts_with("_Z")) return mangled;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
    return status == 0 && text ? std::string(text.get()) : mangled;
}

std::string demangle_short(const std::string& mangled) {
    const std::string text = demangle(mangled);
    if (text == mangled) return text;
    const size_t list = parameter_list(text);
    // "foo(int) [clone .part.0]": what follows the list goes too. A name without one is an object's.
    return list == std::string::npos || list == 0 ? text : without_return_type(text.substr(0, list));
}

}  // namespace rehang
