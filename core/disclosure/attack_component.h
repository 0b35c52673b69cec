#ifndef CAIRN_CORE_DISCLOSURE_ATTACK_COMPONENT_H_
#define CAIRN_CORE_DISCLOSURE_ATTACK_COMPONENT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/disclosure/attack.h"
#include "core/disclosure/cell_system.h"
#include "core/disclosure/linear_program.h"

namespace cairn {

// The attack on cells that hang together, with one linear program for all:
// what Attack() is made of. Cells that are known exactly are constants in it.
class AttackComponent {
 public:
  struct Part {
    std::vector<int> targets;    // by number, all of cells not known exactly
    std::vector<int> relations;  // every relation with such a cell
  };

  // `ranges`: narrowed as far as propagation does.
  AttackComponent(const CellSystem& system, const std::vector<Range>& ranges,
                  const std::vector<AttackTarget>& targets, Part part);

  // Solves until every target has a verdict (tighten: both ends), or `budget`
  // (iterations x columns) has run out. False: no table has these ranges.
  bool Work(bool tighten, int64_t* budget);
  // Writes what was found of its targets.
  void Report(std::vector<Inference>* inferences) const;

 private:
  // What solutions had in one cell.
  struct Found {
    double least = LinearProgram::kInfinity;
    double greatest = -LinearProgram::kInfinity;
    Range seen = {1, 0};  // in whole tables
  };
  struct Target {
    AttackTarget asked;                        // of a local cell
    int number;                                // among all targets
    bool low_done = false, high_done = false;  // the optimum is known
  };
  struct Row {
    double low, high;
    std::vector<LinearProgram::Term> terms;
  };

  void AddRelation(const CellSystem::Relation& relation);
  void AddRow(double low, double high, std::vector<LinearProgram::Term> terms);
  bool Fits(const std::vector<double>& values) const;
  void KeepSolution();
  Range Reached(int cell) const;
  bool Settled(const Target& target) const;
  int Direction(const Target& target, uint64_t seed) const;
  LinearProgram::Outcome Solve(LinearProgram::Method method, int64_t* budget);
  bool Start(int64_t* budget);
  void PushAll(int64_t* budget);
  bool Restrict(int cell);
  bool FindLow(Target* target, int64_t* budget);
  bool FindHigh(Target* target, bool to_the_end, int64_t* budget);

  // Every local cell is a column, constants too.
  CellSystem system_;
  std::vector<Range> bounds_;
  std::vector<Found> found_;
  std::vector<Target> targets_;
  std::vector<Row> rows_;
  LinearProgram program_;
  bool started_ = false;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_ATTACK_COMPONENT_H_
