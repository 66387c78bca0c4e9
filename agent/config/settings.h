// SPDX-License-Identifier: Apache-2.0
// The names, places and ranges of every setting, said once for reading and for printing: a visitor
// is called for each in the order of config.h. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/config/config.h"

namespace berth {

// Visitor has Text, Integer, Number, Choice, Octal and Seconds (name, value, range), and Group
// (name, function of a visitor of the same kind).
template <typename Visitor>
void VisitApi(Visitor& visit, ApiConfig& api) {
  visit.Text("socket", api.socket);
  visit.Octal("socket_mode", api.socket_mode, 0777);
  visit.Text("socket_group", api.socket_group);
  visit.Integer("max_in_flight", api.max_in_flight, 1, 65536);
}

template <typename Visitor>
void VisitHttp(Visitor& visit, HttpConfig& http) {
  visit.Text("address", http.address);
  visit.Text("port_file", http.port_file);
}

template <typename Visitor>
void VisitLog(Visitor& visit, LogConfig& log) {
  visit.template Choice<LogLevel>("level", log.level,
                                  {{"debug", LogLevel::kDebug},
                                   {"info", LogLevel::kInfo},
                                   {"warning", LogLevel::kWarning},
                                   {"error", LogLevel::kError}});
  visit.Text("file", log.file);
  visit.template Choice<LogFormat>("format", log.format,
                                   {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
}

template <typename Visitor>
void VisitHypervisor(Visitor& visit, HypervisorConfig& hypervisor) {
  visit.template Choice<HypervisorDriver>(
      "driver", hypervisor.driver,
      {{"libvirt", HypervisorDriver::kLibvirt}, {"fake", HypervisorDriver::kFake}});
  visit.Text("uri", hypervisor.uri);
  visit.template Choice<AccelChoice>(
      "accel", hypervisor.accel,
      {{"auto", AccelChoice::kAuto}, {"kvm", AccelChoice::kKvm}, {"tcg", AccelChoice::kTcg}});
  visit.Group("deadlines", [&](auto& group) {
    group.Seconds("query_seconds", hypervisor.deadlines.query, 1, 600);
    group.Seconds("lifecycle_seconds", hypervisor.deadlines.lifecycle, 1, 600);
    group.Seconds("destroy_seconds", hypervisor.deadlines.destroy, 1, 600);
  });
  visit.Text("fake_state_file", hypervisor.fake_state_file);
}

template <typename Visitor>
void VisitCapacity(Visitor& visit, CapacityConfig& capacity) {
  visit.IntegerOrAuto("reserved_cpus", capacity.reserved_cpus, 0, 4096);
  visit.Text("shared_cpus", capacity.shared_cpus);
  visit.Text("dedicated_cpus", capacity.dedicated_cpus);
  visit.IntegerOrAuto("reserved_memory_mib", capacity.reserved_memory_mib, 0, 1LL << 26);
  visit.IntegerOrAuto("reserved_disk_mib", capacity.reserved_disk_mib, 0, 1LL << 40);
  visit.Number("cpu_overcommit", capacity.cpu_overcommit, 1.0, 64.0);
}

template <typename Visitor>
void VisitImages(Visitor& visit, ImagesConfig& images) {
  visit.Text("exchange_dir", images.exchange_dir);
  visit.Integer("cache_limit_mib", images.cache_limit_mib, 0, 1LL << 40);
}

template <typename Visitor>
void VisitSettings(Visitor& visit, Config& config) {
  visit.Text("state_dir", config.state_dir);
  visit.Text("image_dir", config.image_dir);
  visit.Text("ledger", config.ledger);
  visit.Text("node_id", config.node_id);
  visit.Text("instance_types", config.instance_types);
  visit.Seconds("terminated_visible_seconds", config.terminated_visible, 0, 30 * 24 * 3600);
  visit.Group("api", [&](auto& group) { VisitApi(group, config.api); });
  visit.Group("http", [&](auto& group) { VisitHttp(group, config.http); });
  visit.Group("log", [&](auto& group) { VisitLog(group, config.log); });
  visit.Group("hypervisor", [&](auto& group) { VisitHypervisor(group, config.hypervisor); });
  visit.Group("capacity", [&](auto& group) { VisitCapacity(group, config.capacity); });
  visit.Group("images", [&](auto& group) { VisitImages(group, config.images); });
}

}  // namespace berth
