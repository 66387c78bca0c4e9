// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

namespace berth {
namespace {

constexpr int64_t kBytesPerKib = 1024;

// "VmRSS:    1234 kB" and the like.
void ReadStatus(const std::string& path, ProcessFigures& figures) {
  std::ifstream file(path);
  std::string name;
  while (file >> name) {
    int64_t value = 0;
    if (name == "VmRSS:" && file >> value) figures.resident_bytes = value * kBytesPerKib;
    if (name == "RssAnon:" && file >> value) figures.anonymous_bytes = value * kBytesPerKib;
    if (name == "VmSize:" && file >> value) figures.virtual_bytes = value * kBytesPerKib;
    if (name == "Threads:" && file >> value) figures.threads = value;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
}

// Seconds since the epoch at which the host booted.
double BootTime(const std::string& path) {
  std::ifstream file(path);
  std::string name;
  double seconds = 0;
  while (file >> name) {
    if (name == "btime" && file >> seconds) return seconds;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// proc(5): field 14 utime, 15 stime, 22 starttime; the name in field 2 may hold anything but is
// ended by the last ')'.
void ReadStat(const std::string& path, double boot_time, ProcessFigures& figures) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  const size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double utime = 0;
  double stime = 0;
  double starttime = 0;
  fields >> utime >> stime;
  for (int field = 16; field < 22; ++field) fields >> skipped;
  fields >> starttime;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (utime + stime) / ticks;
  figures.start_time_seconds = boot_time + starttime / ticks;
}

int64_t CountEntries(const std::string& directory) {
  std::error_code error;
  int64_t count = 0;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error))
    ++count;
  return count;
}

}  // namespace

ProcessFigures ReadProcessFigures(const std::string& proc) {
  ProcessFigures figures;
  ReadStatus(proc + "/self/status", figures);
  ReadStat(proc + "/self/stat", BootTime(proc + "/stat"), figures);
  figures.open_fds = CountEntries(proc + "/self/fd");
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = static_cast<int64_t>(limit.rlim_cur);
  return figures;
}

MetricFamilies ProcessFamilies(const ProcessFigures& figures) {
  return {FamilyBuilder::Counter("process_cpu_seconds_total", "CPU time spent, user and system.")
              .Add({}, figures.cpu_seconds)
              .Done(),
          SingleGauge("process_resident_memory_bytes", "Resident memory.",
                      static_cast<double>(figures.resident_bytes)),
          SingleGauge("process_resident_anonymous_memory_bytes",
                      "Resident memory that no file backs (RssAnon).",
                      static_cast<double>(figures.anonymous_bytes)),
          SingleGauge("process_virtual_memory_bytes", "Address space.",
                      static_cast<double>(figures.virtual_bytes)),
          SingleGauge("process_threads", "Threads.", static_cast<double>(figures.threads)),
          SingleGauge("process_open_fds", "Open file descriptors.",
                      static_cast<double>(figures.open_fds)),
          SingleGauge("process_max_fds", "Limit of open file descriptors.",
                      static_cast<double>(figures.max_fds)),
          SingleGauge("process_start_time_seconds", "Start of the process since the epoch.",
                      figures.start_time_seconds)};
}

}  // namespace berth
