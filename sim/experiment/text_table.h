// Tables of words and figures for a terminal.
#pragma once

#include <string>
#include <vector>

namespace revenant::sim {

enum class Align { kLeft, kRight };

class TextTable {
 public:
  void column(std::string title, Align align);
  void row(std::vector<std::string> cells);  // one per column

  // One line for the titles and one per row, each indented by `indent` and without blanks at its
  // end. Columns are as wide as their widest cell (in code points) and two blanks apart.
  std::string text(int indent = 0) const;

 private:
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> lines_ = {{}};  // titles first
};

// A figure for people: whole numbers in full, others to four significant digits, "-" for NaN.
std::string figure_text(double value);
// A share for people: "95 %".
std::string percent_text(double share);

}  // namespace revenant::sim
