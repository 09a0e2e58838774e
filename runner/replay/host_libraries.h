// The libraries and programs of this host, for check_symbols.
#pragma once

#include "elf/symbols.h"
#include "plan/check_symbols.h"

namespace rehang {

// Borrows `files`, which caches what was read.
class HostLibraries : public Libraries {
  public:
    explicit HostLibraries(elf::Files& files) : files_(files) {}

    std::optional<std::string> find(const std::string& module, const PlannedProcess& process) const override;
    std::optional<std::string> find_in_guest(const std::string& module,
                                             const PlannedProcess& process) const override;
    const std::vector<std::string>& functions(const std::string& file) const override;
    size_t matches(const std::string& file, const std::string& symbol) const override;
    Line line(const std::string& file, const SourceLine& line) const override;
    bool is_code(const std::string& file, std::uint64_t offset) const override;
    bool can_execute(const std::string& program) const override;

  private:
    bool is_module(const std::string& path, const std::string& module) const;

    elf::Files& files_;
};

}  // namespace rehang
