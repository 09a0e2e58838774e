// The device models by name, and their settings (a fake's `with`).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "devices/device.h"

namespace rehang::fakes {

// Name and value as the scenario has them; numbers and true/false as text.
using Settings = std::vector<std::pair<std::string, std::string>>;

struct SettingProblem {
    std::size_t setting = 0;  // index
    bool of_name = false;     // it is its name that is wrong, not its value
    std::string message;      // "unknown setting \"gci\""
    std::string hint;         // "did you mean \"gic\"?"; may be empty
};

std::vector<std::string> model_names();

std::vector<SettingProblem> check_settings(std::string_view model, const Settings& settings);
// The settings must have no problem.
std::unique_ptr<Device> make_device(std::string_view model, const Settings& settings);

}  // namespace rehang::fakes
