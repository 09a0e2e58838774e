// Drives a fuzzed function where the compiler has no libFuzzer:
//   fuzz_NAME COUNT SEED FOLDER [LAST]
// calls it with COUNT mutations of the folder's files, and words of FOLDER.dict (libFuzzer's dictionary
// format) thrown in. The same arguments, the same inputs. The input that is being tried is kept in the file
// LAST, so that a crash leaves it behind.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Corpus = std::vector<std::string>;

Corpus read_corpus(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);  // the order of a folder differs from host to host
    Corpus corpus;
    for (const auto& file : files) {
        std::ifstream stream(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    return corpus;
}

// "a\x00b" without its quotes, and with its escapes put in.
std::string unescaped(std::string_view quoted) {
    std::string word;
    for (size_t i = 0; i < quoted.size(); ++i) {
        if (quoted[i] != '\\' || i + 1 == quoted.size()) {
            word += quoted[i];
        } else if (quoted[++i] == 'x' && i + 2 < quoted.size()) {
            word += static_cast<char>(std::stoi(std::string(quoted.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            word += quoted[i];
        }
    }
    return word;
}

std::vector<std::string> read_dictionary(const std::string& file) {
    std::vector<std::string> words;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const size_t open = line.find('"');
        const size_t close = line.rfind('"');
        if (!line.starts_with('#') && open < close && close != std::string::npos)
            words.push_back(unescaped(std::string_view(line).substr(open + 1, close - open - 1)));
    }
    return words;
}

class Mutator {
  public:
    Mutator(Corpus corpus, std::vector<std::string> dictionary, std::uint32_t seed)
        : corpus_(std::move(corpus)), dictionary_(std::move(dictionary)), random_(seed) {}

    std::string next() {
        std::string text = any_of(corpus_);
        do change(text);  // one change often leaves it right, many find their way to odd places
        while (below(2) == 0);
        return text;
    }

  private:
    // Not std::uniform_int_distribution: its results differ between standard libraries.
    size_t below(size_t end) { return end == 0 ? 0 : random_() % end; }

    template <class List>
    auto any_of(const List& list) -> decltype(list[0]) {
        return list[below(list.size())];
    }

    void change(std::string& text) {
        const size_t at = below(text.size() + 1);
        switch (below(9)) {
            case 0:
                if (!dictionary_.empty()) text.insert(at, any_of(dictionary_));
                break;
            case 1:
                text.erase(at, below(20));
                break;
            case 2:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
                break;
            case 3:
                text.insert(line_at(text, at), a_line_of(any_of(corpus_)));
                break;
            case 4:
                text.insert(line_at(text, at), a_line_of(text));
                break;
            case 5:
            case 6:
                replace_value(text, any_of(corpus_));
                break;
            default:
                remove_line(text, line_at(text, at));
                break;
        }
    }

    static size_t line_at(const std::string& text, size_t at) {
        return at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0: the first line
    }

    std::string a_line_of(const std::string& text) {
        const size_t start = line_at(text, below(text.size() + 1));
        return text.substr(start, text.find('\n', start) - start) + "\n";
    }

    // Another quoted value in the place of one: the text stays TOML, so that the mistake is one of meaning.
    void replace_value(std::string& text, const std::string& other) {
        const auto [start, length] = quoted_after(text, below(text.size() + 1));
        const auto [other_start, other_length] = quoted_after(other, below(other.size() + 1));
        if (length > 0 && other_length > 0) text.replace(start, length, other, other_start, other_length);
    }

    struct Piece {
        size_t start = 0;
        size_t length = 0;  // 0: there is none
    };

    static Piece quoted_after(const std::string& text, size_t at) {
        const size_t line = line_at(text, at);
        const size_t open = text.find('"', line);
        const size_t close = open == std::string::npos ? open : text.find('"', open + 1);
        return close == std::string::npos ? Piece{} : Piece{.start = open, .length = close - open + 1};
    }

    static void remove_line(std::string& text, size_t start) {
        const size_t end = text.find('\n', start);
        text.erase(start, end == std::string::npos ? end : end - start + 1);
    }

    Corpus corpus_;
    std::vector<std::string> dictionary_;
    std::mt19937 random_;
};

void try_input(const std::string& text, const char* last) {
    if (last) std::ofstream(last, std::ios::binary) << text;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4 || argc > 5) {
        fmt::print(stderr, "usage: fuzz_NAME COUNT SEED FOLDER [LAST]\n");
        return 2;
    }
    const Corpus corpus = read_corpus(argv[3]);
    if (corpus.empty()) {
        fmt::print(stderr, "no files in {}\n", argv[3]);
        return 2;
    }
    const char* last = argc == 5 ? argv[4] : nullptr;
    for (const std::string& text : corpus) try_input(text, last);
    Mutator mutator(corpus, read_dictionary(std::string(argv[3]) + ".dict"),
                    static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)));
    for (unsigned long count = std::strtoul(argv[1], nullptr, 10); count > 0; --count)
        try_input(mutator.next(), last);
    return 0;
}
