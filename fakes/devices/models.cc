#include "devices/models.h"

namespace rehang::fakes {

std::vector<std::string> model_names() {
    return {};
}

std::string_view model_summary(std::string_view) {
    return {};
}

std::vector<SettingProblem> check_settings(std::string_view, const Settings&) {
    return {};
}

std::unique_ptr<Device> make_device(std::string_view, const Settings&) {
    return nullptr;
}

}  // namespace rehang::fakes
