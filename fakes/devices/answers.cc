#include "devices/answers.h"

namespace rehang::fakes {

Answer unknown_request() {
    return {.value = -ENOTTY, .unknown = true};
}

}  // namespace rehang::fakes
