#include "sim/check/properties/constant_sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/check.h"
#include "sim/check/certificate/invariants.h"

namespace revenant::check {

using history::Kind;
using history::Step;

namespace {

class Bank {
 public:
  Bank(const history::History& history, const CheckOptions& options)
      : history_(history), options_(options), total_(options.total) {}

  Verdict check() {
    for (uint32_t place = 0; place < history_.operations().size(); ++place)
      if (is_read_of_accounts(history_.operations()[place])) look_at(place);
    verdict_.outcome = !verdict_.violations.empty() ? Outcome::kViolated
                       : verdict_.observations == 0 ? Outcome::kVacuous
                                                    : Outcome::kHolds;
    return std::move(verdict_);
  }

 private:
  bool is_read_of_accounts(const history::Operation& op) const {
    const auto steps = history_.steps(op);
    return op.kind == Kind::kTransaction && op.outcome == history::Outcome::kOk && !steps.empty() &&
           std::ranges::all_of(steps, [&](const Step& step) {
             return step.kind == Kind::kGet && history_.is_added_to(step.key);
           });
  }

  void look_at(uint32_t place) {
    ++verdict_.observations;
    const history::Operation& op = history_.operations()[place];
    const bool is_first = accounts_.empty();
    int64_t sum = 0;
    std::string odd;
    const Step* negative = nullptr;
    for (const Step& step : history_.steps(op)) {
      const std::string_view account = history_.key_name(step.key);
      if (!step.value.is_number()) {
        odd =
            fmt::format("#{} read {} of account {}.", op.line, history_.print(step.value), account);
      } else {
        sum += step.value.number();
        if (step.value.number() < 0) negative = &step;
      }
      if (is_first) {
        accounts_.insert(step.key);
      } else if (!accounts_.contains(step.key)) {
        odd = fmt::format("#{} read account {}, which #{} did not.", op.line, account,
                          history_.operations()[first_].line);
      }
    }
    if (is_first) first_ = place;
    if (!odd.empty()) {
      violate({place}, std::move(odd), {});
      return;
    }
    const bool is_given = options_.total.has_value();
    if (!total_) total_ = sum;
    if (sum != *total_) {
      std::vector<uint32_t> core = {place};
      if (!is_given) core.insert(core.begin(), first_);
      violate(std::move(core),
              is_given ? fmt::format("What #{} read comes to {}, not to {}.", op.line, sum, *total_)
                       : fmt::format("What #{} read comes to {}, and what #{} read comes to {}.",
                                     op.line, sum, history_.operations()[first_].line, *total_),
              verify_wrong_sum(history_, place, *total_));
    } else if (negative != nullptr && !options_.negative_balances) {
      violate({place},
              fmt::format("#{} read {} of account {}.", op.line, history_.print(negative->value),
                          history_.key_name(negative->key)),
              verify_negative(history_, place));
    }
  }

  void violate(std::vector<uint32_t> core, std::string story,
               const std::optional<Result<void>>& certificate) {
    if (certificate)
      CHECK(certificate->has_value(), "the wrong sum is right: {}", certificate->error().message);
    verdict_.violations.push_back({.key = {},
                                   .operations = std::move(core),
                                   .story = std::move(story),
                                   .verified = certificate.has_value()});
  }

  const history::History& history_;
  const CheckOptions& options_;
  std::optional<int64_t> total_;
  std::set<uint32_t> accounts_;  // that the first read saw
  uint32_t first_ = 0;
  Verdict verdict_ = {.property = "constant_sum"};
};

}  // namespace

Verdict check_constant_sum(const history::History& history, const CheckOptions& options) {
  return Bank(history, options).check();
}

}  // namespace revenant::check
