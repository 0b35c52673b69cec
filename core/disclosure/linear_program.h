#ifndef CAIRN_CORE_DISCLOSURE_LINEAR_PROGRAM_H_
#define CAIRN_CORE_DISCLOSURE_LINEAR_PROGRAM_H_

#include <memory>
#include <vector>

namespace cairn {

// A linear program behind one door: COIN-OR CLP (EPL-2.0; docs/adr/0004).
// Sparse, double precision, so whoever calls checks what comes back in whole
// numbers. Deterministic for the same input; one thread.
class LinearProgram {
 public:
  // Bounds beyond this count as none.
  static constexpr double kInfinity = 1e30;

  struct Term {
    int column;
    double factor;
  };

  // Columns first, then rows; then solve, change bounds and costs, solve again
  // from where the last one ended.
  LinearProgram();
  ~LinearProgram();
  LinearProgram(const LinearProgram&) = delete;
  LinearProgram& operator=(const LinearProgram&) = delete;

  // Minimises the sum of cost x value. The number of the new column.
  int AddColumn(double low, double high, double cost);
  // low <= sum of terms <= high.
  void AddRow(double low, double high, const std::vector<Term>& terms);

  void SetBounds(int column, double low, double high);
  void SetCost(int column, double cost);

  enum class Outcome { kOptimal, kInfeasible, kUnbounded, kStopped };
  // The first two go on from where the last one ended. kAnew starts from a
  // program made smaller (presolve) at a point that is guessed (CLP's "idiot"
  // crash), which are not among its iterations: with 20,000 columns the first
  // took half a second for 46.
  enum class Method { kPrimal, kDual, kAnew };
  // kStopped: max_iterations were not enough, or the solver gave up.
  Outcome Solve(Method method, int max_iterations);

  double objective() const;
  double value(int column) const;
  int iterations() const;  // of the last Solve

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_LINEAR_PROGRAM_H_
