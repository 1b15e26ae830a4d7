// Words as a shell reads them back.
#pragma once

#include <string>
#include <vector>

namespace revenant::sim {

// What a user would type; words are quoted where the shell needs it.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace revenant::sim
