#ifndef CAIRN_CORE_LINK_METRICS_FILE_H_
#define CAIRN_CORE_LINK_METRICS_FILE_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "core/base/metrics.h"

namespace cairn {

// How often a program writes what it measures.
inline constexpr std::chrono::seconds kMetricsEvery(15);

// Writes the file that Prometheus' node exporter collects (its textfile
// collector; the name is to end in .prom): whole or not at all, and readable by
// all. There is no port to read it from. An empty path writes nothing.
absl::Status WriteMetrics(const Metrics& metrics, const std::string& path);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_METRICS_FILE_H_
