#include "base/demangle.h"

#include "catch.h"

namespace rehang {
namespace {

TEST_CASE("the short form of a C++ name leaves a function's parameters out") {
    CHECK(demangle_short("_ZN8tcmalloc15CentralFreeList18ReleaseListToSpansEPv") ==
          "tcmalloc::CentralFreeList::ReleaseListToSpans");
    CHECK(demangle_short("_ZN1a12_GLOBAL__N_11fEi") == "a::(anonymous namespace)::f");
}

TEST_CASE("an object has no parameters to leave out, whatever it is in") {
    CHECK(demangle_short("_ZN1a5mutexE") == "a::mutex");
    CHECK(demangle_short("_ZN1a12_GLOBAL__N_15mutexE") == "a::(anonymous namespace)::mutex");
    CHECK(demangle_short("_ZZ1fiE5mutex") == "f(int)::mutex");
}

TEST_CASE("what is no C++ name stays as it is") {
    CHECK(demangle_short("pthread_mutex_lock") == "pthread_mutex_lock");
}

}  // namespace
}  // namespace rehang
