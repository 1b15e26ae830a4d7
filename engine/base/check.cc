#include "engine/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace revenant {
namespace {
CheckContext g_context = nullptr;
}

void set_check_context(CheckContext context) { g_context = context; }

void check_failed(const char* file, int line, const char* condition, const std::string& detail) {
  std::fflush(stdout);
  fmt::print(stderr, "CHECK failed: {}\n", condition);
  if (!detail.empty()) fmt::print(stderr, "  values   {}\n", detail);
  fmt::print(stderr, "  at       {}:{}\n", file, line);
  if (g_context != nullptr) fmt::print(stderr, "{}\n", g_context());
  std::fflush(stderr);
#if defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
  std::abort();  // libFuzzer keeps the input of an abort
#else
  std::_Exit(4);
#endif
}

}  // namespace revenant
