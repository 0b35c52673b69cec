#ifndef CAIRN_CORE_BASE_METRICS_H_
#define CAIRN_CORE_BASE_METRICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/base/mutex.h"

namespace cairn {

// One thing that is measured of the program itself, never of records: how many
// questions, how long, how much memory.
struct MetricFamily {
  enum class Kind { kCounter, kGauge, kSeconds };
  std::string name;  // cairn_queries_total
  std::string help;
  Kind kind = Kind::kGauge;
  std::string label = {};  // name of its one label; empty: it has none
};

// What a program measures, in the text form that Prometheus reads (exposition
// format 0.0.4). kSeconds is a histogram with fixed buckets from 5 ms to 60 s.
// Safe from any thread. A family that was not declared is a defect: aborts.
class Metrics {
 public:
  // The families given, and those of every program: memory, open files and
  // when it started.
  explicit Metrics(std::vector<MetricFamily> families);

  void Add(const std::string& name, const std::string& label = "",
           int64_t by = 1);
  void Set(const std::string& name, double value,
           const std::string& label = "");
  void Observe(const std::string& name, double seconds);

  // Everything, with the program's memory and files as they are now.
  std::string Text() const;

 private:
  struct Values {
    MetricFamily family;
    std::map<std::string, double> by_label;
    std::vector<uint64_t> buckets;  // of kSeconds; the last is above them all
    double sum = 0;
  };
  Values& Find(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::vector<Values> families_ ABSL_GUARDED_BY(mutex_);
  double started_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_METRICS_H_
