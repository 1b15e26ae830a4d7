// Goes through what a power loss at one instant may leave. What is legal is sim/disk's to say
// (durable_image.h): it asks about each thing that is not synced, and this answers.
//
//   1. everything kept; nothing kept
//   2. everything kept but one thing, for each thing and each way it can be lost; and
//      nothing kept but one thing, likewise
//   3. every combination of answers, if there are few; else combinations drawn at random, some that
//      keep most, some that lose most
//
// An answer is one of a few for each thing: a change of a directory is kept or not; a file has its
// last length, its durable one, or one in between; a page survives whole, not at all, or in part. In
// 3 parts of pages and lengths are drawn from all there are.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/random.h"
#include "sim/disk/sim_disk.h"

namespace revenant::lsm {

class CrashImages {
 public:
  // `visit(contents, what was lost)` for at most `images_max` images or as many as 1 and 2 give,
  // each different from the others; until it returns false.
  template <typename Visit>
  static void enumerate(sim::SimDisk& disk, size_t images_max, Random& random, Visit visit) {
    std::set<uint64_t> seen;
    bool go_on = true;
    const auto take = [&](Fates& fates) {
      fates.start();
      const sim::DiskContents contents = disk.after_power_loss(fates);
      if (go_on && seen.insert(hash_of(contents)).second) go_on = visit(contents, fates);
    };

    for (const Default others : {Default::kKept, Default::kLost}) {
      Fates fates(others);
      take(fates);
      const std::vector<Question> questions = fates.questions();
      for (size_t i = 0; i < questions.size() && go_on; ++i) {
        for (const uint64_t answer : questions[i].answers) {
          if (answer == questions[i].given || !go_on) continue;
          fates.script.assign(i, std::nullopt);
          fates.script.push_back(answer);
          take(fates);
        }
      }
    }
    if (!all_combinations(disk, images_max, take)) {
      // Far more draws than images: many give one that was seen already.
      for (size_t draw = 0; draw < 2 * images_max && seen.size() < images_max && go_on; ++draw) {
        Fates fates(Default::kDrawn, &random);
        take(fates);
      }
    }
  }

  static uint64_t hash_of(const sim::DiskContents& contents) {
    uint64_t hash = 0;
    for (const auto& [path, bytes] : contents) hash = hash64(bytes, hash64(path, hash));
    return hash;
  }

  enum class Default { kKept, kLost, kDrawn };
  struct Question {
    std::string thing;
    std::vector<uint64_t> answers;  // some legal ones; the first keeps all, the last nothing
    uint64_t given = 0;
  };

  // Answers by a script, and beyond it all alike.
  class Fates final : public sim::CrashFates {
   public:
    explicit Fates(Default others, Random* random = nullptr) : others_(others), random_(random) {
      if (random != nullptr) lost_of_eight_ = static_cast<uint64_t>(1 + 3 * random->below(3));
    }

    std::vector<std::optional<uint64_t>> script;

    void start() { questions_.clear(); }
    const std::vector<Question>& questions() const { return questions_; }
    // For people: what did not survive.
    std::string lost() const {
      std::string result;
      for (const Question& question : questions_) {
        if (question.given == question.answers.front()) continue;
        result += fmt::format("{}{}", result.empty() ? "" : "; ", question.thing);
        if (question.given != question.answers.back()) {
          result += fmt::format(" (left: {:#x} of {:#x})", question.given, question.answers[0]);
        }
      }
      return result.empty() ? "nothing" : result;
    }

    bool keeps_change(std::string_view directory, sim::DirectoryChangeKind kind,
                      std::string_view name, std::string_view new_name) override {
      using Kind = sim::DirectoryChangeKind;
      const std::string path = sim::Path::join(directory, name);
      return answer(kind == Kind::kCreate   ? fmt::format("creation of {}", path)
                    : kind == Kind::kRemove ? fmt::format("removal of {}", path)
                                            : fmt::format("rename of {} to {}", path, new_name),
                    {1, 0}) != 0;
    }
    uint64_t length(std::string_view path, uint64_t lengths) override {
      std::vector<uint64_t> answers{lengths - 1};
      for (uint64_t part = 3; part > 0; --part) {
        const uint64_t between = (lengths - 1) * part / 4;
        if (between > 0 && between < answers.back()) answers.push_back(between);
      }
      answers.push_back(0);
      return answer(fmt::format("length of {}", path), std::move(answers));
    }
    uint64_t surviving_sectors(std::string_view path, uint64_t page, uint64_t sectors) override {
      const uint64_t all = (uint64_t{1} << sectors) - 1;
      const uint64_t first_half = (uint64_t{1} << sectors / 2) - 1;
      std::vector<uint64_t> answers{all};
      if (sectors > 1) answers.insert(answers.end(), {first_half, all - first_half});
      if (sectors > 2) answers.push_back(all - 1);
      if (sectors > 3) answers.push_back(all >> 1);
      answers.push_back(0);
      return answer(fmt::format("page {} of {}", page, path), std::move(answers));
    }

   private:
    uint64_t answer(std::string thing, std::vector<uint64_t> answers) {
      const size_t at = questions_.size();
      uint64_t given = others_ == Default::kLost ? answers.back() : answers.front();
      if (at < script.size() && script[at].has_value()) {
        given = *script[at];
      } else if (others_ == Default::kDrawn && random_->below(8) < lost_of_eight_) {
        given = random_->below(2) == 0 ? answers.back() : random_->below(answers.front());
      }
      questions_.push_back({std::move(thing), std::move(answers), given});
      return given;
    }

    const Default others_;
    Random* const random_;
    uint64_t lost_of_eight_ = 0;
    std::vector<Question> questions_;
  };

 private:
  // What is asked depends on what was answered (a file that vanished has no pages), so the
  // combinations are the leaves of a tree, gone through depth first. False, with nothing done, if
  // there are more than `images_max`.
  template <typename Take>
  static bool all_combinations(sim::SimDisk& disk, size_t images_max, Take take) {
    const auto walk = [&](auto at_leaf) {
      Fates fates(Default::kKept);
      for (size_t leaves = 0; leaves < images_max; ++leaves) {
        at_leaf(fates);
        // The next leaf: the last question that has an answer left gets it.
        std::vector<std::optional<uint64_t>> script;
        std::vector<Question> questions = fates.questions();
        for (; !questions.empty(); questions.pop_back()) {
          const Question& last = questions.back();
          const auto given = std::ranges::find(last.answers, last.given);
          if (given + 1 == last.answers.end()) continue;
          for (const Question& question : questions) script.emplace_back(question.given);
          script.back() = *(given + 1);
          break;
        }
        if (script.empty()) return true;
        fates.script = std::move(script);
      }
      return false;
    };
    const bool few = walk([&](Fates& fates) {
      fates.start();
      (void)disk.after_power_loss(fates);
    });
    if (few) walk(take);
    return few;
  }
};

}  // namespace revenant::lsm
