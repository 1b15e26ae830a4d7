// The core of a violation as a still picture, for papers: moments stand in their order, each as far from the next as
// its labels need, so that a core of milliseconds within weeks can be read.
//
//   session 0  ├── #2087 delete(k) ──┤    ┊
//   session 1                             ├── #6145 get(k) = 2 ──┤
//   n2         │ tombstone of #2087 │     │ nothing              │
//              00:14.4893  00:14.4894     03:12.7                03:12.8
#pragma once

#include <string>

#include "sim/report/report.h"

namespace revenant::report {

// An SVG element that needs no style sheet and no font but a monospaced one.
std::string figure(const Report& report, const check::Verdict& verdict,
                   const check::Violation& violation);

// For the text of an element or of an attribute.
std::string escaped(std::string_view text);

}  // namespace revenant::report
