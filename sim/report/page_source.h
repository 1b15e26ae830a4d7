// The page's sources, page.html, page.css and page.js, as CMake put them into the program (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace revenant::report {

extern const std::string_view kPageHtml, kPageCss, kPageJs;

}  // namespace revenant::report
