// Where the stand-in programs and the catalogue are: next to this program, in its build folder or where it
// was installed.
#pragma once

#include <string>

namespace rehang {

// The value of ${targets}.
std::string targets_folder();
// ./scenarios if it is there, else the installed catalogue; may not exist.
std::string catalogue_folder();

}  // namespace rehang
