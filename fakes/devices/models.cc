#include "devices/models.h"

#include <algorithm>
#include <array>

#include "devices/kvm/arm64/device.h"
#include "devices/kvm/settings.h"
#include "devices/kvm/x86/device.h"

namespace rehang::fakes {

namespace {

struct Model {
    std::string_view name;
    std::vector<SettingProblem> (*check)(const Settings& settings);
    std::unique_ptr<Device> (*make)(const Settings& settings);
};

constexpr auto models = std::to_array<Model>({
    {.name = "kvm-x86",
     .check =
         [](const Settings& settings) { return kvm::check_kvm_settings(kvm::Architecture::x86, settings); },
     .make = kvm::x86::make_device},
    {.name = "kvm-arm64",
     .check =
         [](const Settings& settings) { return kvm::check_kvm_settings(kvm::Architecture::arm64, settings); },
     .make = kvm::arm64::make_device},
});

const Model* find_model(std::string_view name) {
    const auto found = std::ranges::find(models, name, &Model::name);
    return found == models.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> model_names() {
    std::vector<std::string> names;
    for (const Model& model : models) names.emplace_back(model.name);
    return names;
}

std::vector<SettingProblem> check_settings(std::string_view model, const Settings& settings) {
    const Model* found = find_model(model);
    return found ? found->check(settings) : std::vector<SettingProblem>();
}

std::unique_ptr<Device> make_device(std::string_view model, const Settings& settings) {
    const Model* found = find_model(model);
    return found ? found->make(settings) : nullptr;
}

}  // namespace rehang::fakes
