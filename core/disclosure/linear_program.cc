#include "core/disclosure/linear_program.h"

#include <coin/ClpSimplex.hpp>
#include <coin/ClpSolve.hpp>
#include <coin/CoinPackedMatrix.hpp>

namespace cairn {

struct LinearProgram::Impl {
  ClpSimplex model;
  std::vector<double> low, high, cost;
  std::vector<double> row_low, row_high;
  // Row after row.
  std::vector<CoinBigIndex> begin = {0};
  std::vector<int> columns;
  std::vector<double> factors;
  bool loaded = false;

  void Load() {
    if (loaded) return;
    loaded = true;
    const int rows = static_cast<int>(row_low.size());
    const CoinPackedMatrix matrix(
        /*colordered=*/false, static_cast<int>(low.size()), rows,
        static_cast<CoinBigIndex>(columns.size()), factors.data(),
        columns.data(), begin.data(), /*len=*/nullptr);
    model.loadProblem(matrix, low.data(), high.data(), cost.data(),
                      row_low.data(), row_high.data());
  }
};

LinearProgram::LinearProgram() : impl_(std::make_unique<Impl>()) {
  impl_->model.setLogLevel(0);
}

LinearProgram::~LinearProgram() = default;

int LinearProgram::AddColumn(double low, double high, double cost) {
  impl_->low.push_back(low);
  impl_->high.push_back(high);
  impl_->cost.push_back(cost);
  return static_cast<int>(impl_->low.size()) - 1;
}

void LinearProgram::AddRow(double low, double high,
                           const std::vector<Term>& terms) {
  for (const Term& term : terms) {
    impl_->columns.push_back(term.column);
    impl_->factors.push_back(term.factor);
  }
  impl_->begin.push_back(static_cast<CoinBigIndex>(impl_->columns.size()));
  impl_->row_low.push_back(low);
  impl_->row_high.push_back(high);
}

void LinearProgram::SetBounds(int column, double low, double high) {
  if (impl_->loaded) {
    impl_->model.setColumnBounds(column, low, high);
  } else {
    impl_->low[column] = low;
    impl_->high[column] = high;
  }
}

void LinearProgram::SetCost(int column, double cost) {
  if (impl_->loaded) {
    impl_->model.setObjectiveCoefficient(column, cost);
  } else {
    impl_->cost[column] = cost;
  }
}

LinearProgram::Outcome LinearProgram::Solve(Method method, int max_iterations) {
  impl_->Load();
  ClpSimplex& model = impl_->model;
  model.setMaximumIterations(max_iterations);
  switch (method) {
    case Method::kPrimal:
      model.primal();
      break;
    case Method::kDual:
      model.dual();
      break;
    case Method::kAnew: {
      ClpSolve how;
      how.setPresolveType(ClpSolve::presolveOn);
      how.setSolveType(ClpSolve::automatic);
      model.initialSolve(how);
      break;
    }
  }
  switch (model.status()) {
    case 0:
      return Outcome::kOptimal;
    case 1:
      return Outcome::kInfeasible;
    case 2:
      return Outcome::kUnbounded;
    default:
      return Outcome::kStopped;
  }
}

double LinearProgram::objective() const { return impl_->model.getObjValue(); }
double LinearProgram::value(int column) const {
  return impl_->model.getColSolution()[column];
}
int LinearProgram::iterations() const {
  return impl_->model.getIterationCount();
}

}  // namespace cairn
