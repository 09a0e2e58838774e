// The end of a launcher's privileges.
#pragma once

#include "base/error.h"

namespace rehang {

// This process, and whatever it executes, has no capability and can't get one: not as uid 0 (SECBIT_NOROOT
// and an empty bounding set), not by set-uid programs or file capabilities (PR_SET_NO_NEW_PRIVS). Source:
// capabilities(7).
Expected<void> drop_all_capabilities();

}  // namespace rehang
