// A plan's faults carried out on a bare network: no nodes, only who reaches whom, and what else was
// asked for, in order.
#pragma once

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/faults/fault_plan.h"
#include "sim/net/network.h"

namespace revenant::sim {

inline NodeSet only(std::vector<uint32_t> nodes) {
  return {.all = false, .nodes = std::move(nodes)};
}

inline FaultOptions fault(Duration at = seconds(1), Duration duration = seconds(10)) {
  FaultOptions f;
  f.at = at;
  f.duration = duration;
  return f;
}

class FaultWorld final : private FaultTargets {
 public:
  explicit FaultWorld(uint32_t nodes, uint32_t clients = 0)
      : node_count_(nodes), client_count_(clients), net(kernel, ideal()) {
    for (uint32_t i = 0; i < nodes + clients; ++i) {
      ports_.push_back(net.attach({i}));
      ports_.back()->set_receiver(
          [this, i](NodeId from, Bytes) { heard_.emplace_back(from.value, i, kernel.now()); });
    }
  }

  // Schedules one fault, from `fault.at` on, in a run of `length`.
  FaultWindow schedule(const FaultOptions& fault, Duration length = hours(1)) {
    const FaultPlan& p = plan(fault, length);
    return p.windows().empty() ? FaultWindow{} : p.windows()[0];
  }
  FaultPlan& plan(const FaultOptions& fault, Duration length = hours(1)) {
    const auto tell = [this](const FaultWindow& window, std::string_view what) {
      told.push_back(fmt::format("{} {} {}: {}", kernel.now() - Instant{}, window.kind, what,
                                 fmt::join(window.nodes, ",")));
    };
    return *plans_.emplace_back(std::make_unique<FaultPlan>(
        kernel, std::vector{fault}, FaultPlan::Run{Instant{}, Instant{} + length, minutes(10)},
        static_cast<FaultTargets&>(*this), tell));
  }
  void run_to(Duration time) { kernel.run_until(Instant{} + time); }

  // A row per sender, a column per receiver: x where a message sent now is lost, - where it is held.
  std::vector<std::string> matrix() {
    heard_.clear();
    const Instant now = kernel.now();
    const uint64_t clogged = net.counters().clogged;
    for (uint32_t from = 0; from < ports_.size(); ++from) {
      for (uint32_t to = 0; to < ports_.size(); ++to)
        ports_[from]->send({to}, Buffer("?"), env::MessageKind::kOther);
    }
    kernel.run_until(now);
    const bool held = net.counters().clogged > clogged;
    std::vector<std::string> rows(ports_.size(), std::string(ports_.size(), held ? '-' : 'x'));
    for (const auto& [from, to, at] : heard_) rows[from][to] = '.';
    return rows;
  }
  uint64_t heard() const { return heard_.size(); }
  const std::vector<std::string>& calls() const { return calls_; }

 private:
  static NetworkOptions ideal() {
    NetworkOptions options;
    options.profile = NetworkProfile::kIdeal;
    options.apply_profile();
    return options;
  }
  void note(std::string_view what, NodeId node) {
    calls_.push_back(fmt::format("{} {} {}", kernel.now() - Instant{}, what, node.value));
  }

  std::vector<NodeId> ids(uint32_t from, uint32_t count) const {
    std::vector<NodeId> result;
    for (uint32_t i = 0; i < count; ++i) result.push_back({from + i});
    return result;
  }
  std::vector<NodeId> nodes_of(const NodeSet& set) const override {
    if (set.all) return all_nodes();
    std::vector<NodeId> nodes;
    for (uint32_t node : set.nodes) nodes.push_back({node});
    return nodes;
  }
  std::optional<NodeId> chosen_by(NodeSelector) const override { return chosen; }
  std::vector<NodeId> all_nodes() const override { return ids(0, node_count_); }
  std::vector<NodeId> all_clients() const override { return ids(node_count_, client_count_); }
  void begin_crash(NodeId node) override { note("crash", node); }
  void begin_power_loss(const std::vector<NodeId>& nodes) override {
    for (NodeId node : nodes) note("power loss", node);
  }
  void end_down(NodeId node) override { note("up", node); }
  void begin_wipe(NodeId node) override { note("wipe", node); }
  uint64_t take_snapshot(NodeId node) override {
    note("snapshot", node);
    return 10 + node.value;
  }
  void begin_restore(NodeId node, uint64_t snapshot) override {
    note(fmt::format("restore {} on", snapshot), node);
  }
  void begin_swap(NodeId a, NodeId b) override { note(fmt::format("swap {} and", a.value), b); }
  void slow_cpu(NodeId node, double factor) override {
    note(fmt::format("{} times slower", factor), node);
  }
  void recover_cpu(NodeId node, double) override { note("as fast as before", node); }
  void begin_pause(NodeId node) override { note("pause", node); }
  void end_pause(NodeId node) override { note("resume", node); }
  uint64_t begin_cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                     bool one_way) override {
    return net.cut(from, to, directions(one_way)).value;
  }
  uint64_t begin_clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                      bool one_way) override {
    return net.clog(from, to, directions(one_way)).value;
  }
  uint64_t begin_impairment(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                            const LinkFault& fault) override {
    return net.impair(from, to, {.loss = fault.loss, .duplication = fault.duplication}).value;
  }
  void end_link_fault(uint64_t handle) override { net.heal({handle}); }
  void add_message_lag(NodeId node, Duration change) override { net.add_lag(node, change); }
  void add_disk_lag(NodeId node, Duration) override { note("disk lag", node); }
  uint64_t begin_disk_fault(NodeId node, const DiskFault&) override {
    note("disk fault", node);
    return node.value;
  }
  void end_disk_fault(NodeId node, uint64_t) override { note("disk fault ends", node); }
  void step_clock(NodeId node, Duration) override { note("clock step", node); }
  void add_drift(NodeId node, int64_t) override { note("drift", node); }
  static Directions directions(bool one_way) {
    return one_way ? Directions::kOneWay : Directions::kBothWays;
  }

  const uint32_t node_count_, client_count_;
  std::vector<std::tuple<uint32_t, uint32_t, Instant>> heard_;
  std::vector<std::string> calls_;

 public:
  Kernel kernel{1};
  Network net;
  std::optional<NodeId> chosen;   // by any selector that needs no event
  std::vector<std::string> told;  // of aimed faults

 private:
  std::vector<std::unique_ptr<FaultPlan>> plans_;
  std::vector<std::unique_ptr<env::Transport>> ports_;
};

}  // namespace revenant::sim
