#ifndef CAIRN_TESTS_BENCH_FIGURES_H_
#define CAIRN_TESTS_BENCH_FIGURES_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <vector>

namespace cairn {

// The value below which a share of the figures lies: 0.5 is the median. The
// nearest rank, so it is always one of the figures; 0 if there are none.
inline double Quantile(std::vector<double> figures, double share) {
  if (figures.empty()) return 0;
  std::sort(figures.begin(), figures.end());
  const auto rank =
      static_cast<size_t>(share * static_cast<double>(figures.size()));
  return figures[std::min(rank, figures.size() - 1)];
}

inline double Median(const std::vector<double>& figures) {
  return Quantile(figures, 0.5);
}

// Milliseconds since it was made.
class Stopwatch {
 public:
  double Ms() const {
    return std::chrono::duration<double, std::milli>(
               std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

// Milliseconds that this process has worked since then, on all its threads:
// what a busy machine does not stretch.
class CpuWatch {
 public:
  double Ms() const { return Now() - start_; }

 private:
  static double Now() {
    timespec now = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 +
           static_cast<double>(now.tv_nsec) / 1e6;
  }
  const double start_ = Now();
};

}  // namespace cairn

#endif  // CAIRN_TESTS_BENCH_FIGURES_H_
