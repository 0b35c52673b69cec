#include "core/base/metrics.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace cairn {
namespace {

using Kind = MetricFamily::Kind;

constexpr double kBuckets[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                               0.5,   1,    2.5,   5,    10,  60};

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenFiles() {
  std::error_code unreadable;
  std::filesystem::directory_iterator files("/proc/self/fd", unreadable);
  if (unreadable) return 0;
  return static_cast<double>(std::distance(begin(files), end(files)));
}

std::string Number(double value) { return absl::StrFormat("%.17g", value); }

std::string Labels(const std::string& name, const std::string& value) {
  if (name.empty()) return "";
  return absl::StrCat(
      "{", name, "=\"",
      absl::StrReplaceAll(value,
                          {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
      "\"}");
}

void AppendHead(const std::string& name, const std::string& help,
                const char* type, std::string* out) {
  absl::StrAppend(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type,
                  "\n");
}

void AppendGauge(const std::string& name, const std::string& help, double value,
                 std::string* out) {
  AppendHead(name, help, "gauge", out);
  absl::StrAppend(out, name, " ", Number(value), "\n");
}

}  // namespace

Metrics::Metrics(std::vector<MetricFamily> families) : started_(Now()) {
  for (MetricFamily& family : families) {
    Values values;
    if (family.kind == Kind::kSeconds) {
      values.buckets.resize(std::size(kBuckets) + 1);
    } else if (family.label.empty()) {
      values.by_label[""] = 0;
    }
    values.family = std::move(family);
    families_.push_back(std::move(values));
  }
}

Metrics::Values& Metrics::Find(const std::string& name) {
  for (Values& values : families_) {
    if (values.family.name == name) return values;
  }
  std::fprintf(stderr, "metric %s was not declared\n", name.c_str());
  std::abort();
}

void Metrics::Add(const std::string& name, const std::string& label,
                  int64_t by) {
  MutexLock lock(&mutex_);
  Find(name).by_label[label] += static_cast<double>(by);
}

void Metrics::Set(const std::string& name, double value,
                  const std::string& label) {
  MutexLock lock(&mutex_);
  Find(name).by_label[label] = value;
}

void Metrics::Observe(const std::string& name, double seconds) {
  MutexLock lock(&mutex_);
  Values& values = Find(name);
  size_t bucket = 0;
  while (bucket < std::size(kBuckets) && seconds > kBuckets[bucket]) ++bucket;
  ++values.buckets[bucket];
  values.sum += seconds;
}

std::string Metrics::Text() const {
  std::string out;
  MutexLock lock(&mutex_);
  for (const Values& values : families_) {
    const MetricFamily& family = values.family;
    if (family.kind != Kind::kSeconds) {
      AppendHead(family.name, family.help,
                 family.kind == Kind::kCounter ? "counter" : "gauge", &out);
      for (const auto& [label, value] : values.by_label) {
        absl::StrAppend(&out, family.name, Labels(family.label, label), " ",
                        Number(value), "\n");
      }
      continue;
    }
    AppendHead(family.name, family.help, "histogram", &out);
    uint64_t so_far = 0;
    for (size_t i = 0; i < values.buckets.size(); ++i) {
      so_far += values.buckets[i];
      const std::string top =
          i < std::size(kBuckets) ? absl::StrCat(kBuckets[i]) : "+Inf";
      absl::StrAppend(&out, family.name, "_bucket", Labels("le", top), " ",
                      so_far, "\n");
    }
    absl::StrAppend(&out, family.name, "_sum ", Number(values.sum), "\n",
                    family.name, "_count ", so_far, "\n");
  }
  AppendGauge("process_resident_memory_bytes", "Memory in use.",
              ResidentBytes(), &out);
  AppendGauge("process_open_fds", "Open files and connections.", OpenFiles(),
              &out);
  AppendGauge("process_start_time_seconds", "When it started, since 1970.",
              started_, &out);
  AppendGauge("cairn_metrics_written_seconds",
              "When this was written, since 1970: an old one means that the "
              "program does not run.",
              Now(), &out);
  return out;
}

}  // namespace cairn
