#include "sim/experiment/text_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace revenant::sim {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCell) {
  TextTable table;
  table.column("path", Align::kLeft);
  table.column("n", Align::kRight);
  table.column("", Align::kLeft);
  table.row({"a", "1000", "*"});
  table.row({"longest", "1", ""});
  EXPECT_EQ(table.text(2),
            "  path        n\n"
            "  a        1000  *\n"
            "  longest     1\n");
}

TEST(TextTable, LettersBeyondAsciiTakeOnePlace) {
  TextTable table;
  table.column("µs", Align::kRight);
  table.column("next", Align::kLeft);
  table.row({"100", "x"});
  EXPECT_EQ(table.text(), " µs  next\n100  x\n");
}

TEST(FigureText, ShowsWholeNumbersInFullAndOthersToFourDigits) {
  EXPECT_EQ(figure_text(0), "0");
  EXPECT_EQ(figure_text(-0.0), "0");
  EXPECT_EQ(figure_text(1234567), "1234567");
  EXPECT_EQ(figure_text(12345.6), "12346");
  EXPECT_EQ(figure_text(3.14159), "3.142");
  EXPECT_EQ(figure_text(-0.000123456), "-0.0001235");
  EXPECT_EQ(figure_text(1.5e18), "1.5e+18");
  EXPECT_EQ(figure_text(std::nan("")), "-");
}

TEST(PercentText, RoundsToWholePercent) {
  EXPECT_EQ(percent_text(0.949), "95 %");
  EXPECT_EQ(percent_text(std::nan("")), "-");
}

}  // namespace
}  // namespace revenant::sim
