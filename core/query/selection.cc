#include "core/query/selection.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/query/atom.h"
#include "core/query/query.h"

namespace cairn {
namespace {

// Truth tables larger than this are refused, not computed.
constexpr size_t kMaxCombinations = 1 << 20;
constexpr size_t kMaxWork = 200'000'000;

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// Where an atom's variable points: a level, or a dimension by its id (`age <
// 25`), which means its finest level.
absl::StatusOr<DataSet::Variable> Locate(const DataSet& data_set,
                                         const std::string& name) {
  auto found = data_set.FindVariable(name);
  if (found.ok()) return found;
  for (size_t d = 0; d < data_set.dimensions.size(); ++d) {
    if (data_set.dimensions[d].id == name) {
      return DataSet::Variable{static_cast<int>(d), 0};
    }
  }
  return found;
}

void Visit(const Filter& filter,
           const std::function<void(const Filter&)>& on_atom) {
  if (filter.parts.empty()) on_atom(filter);
  for (const Filter& part : filter.parts) Visit(part, on_atom);
}

// Depth and size, checked without recursion: a tree may come from anywhere.
absl::Status CheckLimits(const Filter& filter) {
  std::vector<std::pair<const Filter*, int>> open = {{&filter, 1}};
  int nodes = 0;
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    if (depth > kMaxFilterDepth) {
      return Invalid(absl::StrCat("the filter is nested more than ",
                                  kMaxFilterDepth, " deep"));
    }
    if (++nodes > kMaxFilterNodes) {
      return Invalid(absl::StrCat("the filter has more than ", kMaxFilterNodes,
                                  " conditions"));
    }
    const bool joins = node->kind == Filter::Kind::kAnd ||
                       node->kind == Filter::Kind::kOr ||
                       node->kind == Filter::Kind::kNot;
    if (joins != node->variable.empty() || joins == node->parts.empty()) {
      return Invalid("the filter is malformed: a condition has no variable");
    }
    for (const Filter& part : node->parts) open.push_back({&part, depth + 1});
  }
  return absl::OkStatus();
}

// Conditions on a multi-valued variable have one meaning only where they stand
// alone: reason IN ('PP','OW') counts records with any of them.
absl::Status CheckMultiValued(const DataSet& data_set, const Filter& filter,
                              bool conjunction, std::vector<int>* seen) {
  if (!filter.parts.empty()) {
    const bool still =
        conjunction &&
        (filter.kind == Filter::Kind::kAnd || filter.parts.size() == 1) &&
        filter.kind != Filter::Kind::kNot;
    for (const Filter& part : filter.parts) {
      CAIRN_RETURN_IF_ERROR(CheckMultiValued(data_set, part, still, seen));
    }
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                         Locate(data_set, filter.variable));
  if (!data_set.dimensions[at.dimension].multi_valued) return absl::OkStatus();
  const bool positive = filter.kind == Filter::Kind::kIn ||
                        (filter.kind == Filter::Kind::kCompare &&
                         filter.op == Comparison::kEqual);
  int& count = (*seen)[at.dimension];
  if (!conjunction || !positive || ++count > 1) {
    return Invalid(
        absl::StrCat("a record may have several values of ", filter.variable,
                     ", so it can be asked for once, and only as ",
                     filter.variable, " IN (...), joined to the rest by AND"));
  }
  return absl::OkStatus();
}

// The leaves of a filter dimension: its finest codes, or for places the codes
// the filter names and one "other".
struct Universe {
  int dimension = 0;
  int place_level = -1;
  std::vector<std::string> codes;
  size_t size = 0;
  size_t stride = 0;
};

class TruthTable {
 public:
  TruthTable(const DataSet& data_set, std::vector<Universe> universes)
      : data_set_(data_set), universes_(std::move(universes)) {
    size_ = 1;
    for (size_t u = universes_.size(); u-- > 0;) {
      universes_[u].stride = size_;
      size_ *= universes_[u].size;
    }
  }

  size_t size() const { return size_; }
  const std::vector<Universe>& universes() const { return universes_; }

  absl::StatusOr<std::vector<bool>> Evaluate(const Filter& filter) const {
    switch (filter.kind) {
      case Filter::Kind::kNot: {
        CAIRN_ASSIGN_OR_RETURN(std::vector<bool> inner,
                               Evaluate(filter.parts[0]));
        inner.flip();
        return inner;
      }
      case Filter::Kind::kAnd:
      case Filter::Kind::kOr: {
        const bool is_and = filter.kind == Filter::Kind::kAnd;
        std::vector<bool> all(size_, is_and);
        for (const Filter& part : filter.parts) {
          CAIRN_ASSIGN_OR_RETURN(const std::vector<bool> one, Evaluate(part));
          for (size_t i = 0; i < size_; ++i) {
            all[i] = is_and ? (all[i] && one[i]) : (all[i] || one[i]);
          }
        }
        return all;
      }
      default:
        return EvaluateAtom(filter);
    }
  }

 private:
  absl::StatusOr<std::vector<bool>> EvaluateAtom(const Filter& atom) const {
    CAIRN_ASSIGN_OR_RETURN(const DataSet::Variable at,
                           Locate(data_set_, atom.variable));
    const auto universe = std::find_if(
        universes_.begin(), universes_.end(),
        [&](const Universe& u) { return u.dimension == at.dimension; });
    CAIRN_ASSIGN_OR_RETURN(const std::vector<bool> by_leaf,
                           AdmittedLeaves(atom, at, *universe));
    std::vector<bool> all(size_);
    for (size_t i = 0; i < size_; ++i) {
      all[i] = by_leaf[(i / universe->stride) % universe->size];
    }
    return all;
  }

  absl::StatusOr<std::vector<bool>> AdmittedLeaves(
      const Filter& atom, DataSet::Variable at,
      const Universe& universe) const {
    const Dimension& dimension = data_set_.dimensions[at.dimension];
    std::vector<bool> leaves(universe.size, false);
    if (dimension.kind == DimensionKind::kPlace) {
      for (const Literal& value : atom.values) {
        const auto found =
            std::find(universe.codes.begin(), universe.codes.end(),
                      std::get<std::string>(value));
        leaves[found - universe.codes.begin()] = true;
      }
      if (atom.kind == Filter::Kind::kIsNull) {
        const auto found = std::find(universe.codes.begin(),
                                     universe.codes.end(), kUnknownCode);
        leaves[found - universe.codes.begin()] = true;
      }
      if (atom.kind == Filter::Kind::kCompare &&
          atom.op == Comparison::kNotEqual) {
        leaves.flip();
      }
      return leaves;
    }
    const Level& level = dimension.levels[at.level];
    CAIRN_ASSIGN_OR_RETURN(
        const std::vector<bool> codes,
        AdmittedCodes(level, dimension.kind == DimensionKind::kTime, atom));
    for (size_t i = 0; i < leaves.size(); ++i) {
      leaves[i] = codes[dimension.up[at.level][i]];
    }
    return leaves;
  }

  const DataSet& data_set_;
  std::vector<Universe> universes_;
  size_t size_ = 1;
};

// Finds the dimensions of a filter and the leaves of each.
absl::StatusOr<std::vector<Universe>> FindUniverses(const DataSet& data_set,
                                                    const Filter& filter) {
  std::map<int, Universe> found;
  absl::Status problem;
  Visit(filter, [&](const Filter& atom) {
    if (!problem.ok()) return;
    auto at = Locate(data_set, atom.variable);
    if (!at.ok()) {
      problem = at.status();
      return;
    }
    const Dimension& dimension = data_set.dimensions[at->dimension];
    Universe& universe = found[at->dimension];
    universe.dimension = at->dimension;
    if (dimension.kind != DimensionKind::kPlace) {
      universe.size = dimension.levels[0].codes.size();
      return;
    }
    if (universe.place_level >= 0 && universe.place_level != at->level) {
      problem =
          Invalid(absl::StrCat("the filter names places at two levels, ",
                               dimension.levels[universe.place_level].variable,
                               " and ", atom.variable, "; use one of them"));
      return;
    }
    universe.place_level = at->level;
    const bool ordered =
        atom.kind == Filter::Kind::kBetween ||
        (atom.kind == Filter::Kind::kCompare && atom.op != Comparison::kEqual &&
         atom.op != Comparison::kNotEqual);
    if (ordered) {
      problem = Invalid(absl::StrCat(
          atom.variable, " has no order; use =, <> or IN with its codes"));
      return;
    }
    for (const Literal& value : atom.values) {
      if (!std::holds_alternative<std::string>(value)) {
        problem = Invalid(absl::StrCat(
            atom.variable, " is compared with a code in single quotes"));
        return;
      }
      universe.codes.push_back(std::get<std::string>(value));
    }
    if (atom.kind == Filter::Kind::kIsNull) {
      universe.codes.push_back(kUnknownCode);
    }
  });
  CAIRN_RETURN_IF_ERROR(problem);
  if (found.size() > kMaxVariables) {
    return Invalid(absl::StrCat("the filter uses ", found.size(),
                                " variables; at most ", kMaxVariables,
                                " can be combined, with those of --by"));
  }
  std::vector<Universe> universes;
  for (auto& [dimension, universe] : found) {
    if (universe.place_level >= 0) {
      std::sort(universe.codes.begin(), universe.codes.end());
      universe.codes.erase(
          std::unique(universe.codes.begin(), universe.codes.end()),
          universe.codes.end());
      universe.size = universe.codes.size() + 1;
    }
    universes.push_back(std::move(universe));
  }
  return universes;
}

// Merges the leaves of one axis into the codes of a level. False where two
// leaves of one code are treated differently by the filter.
bool Coarsen(const std::vector<int>& up, size_t codes, size_t stride,
             size_t leaves, const std::vector<bool>& in,
             std::vector<bool>* out) {
  const size_t outer = in.size() / (stride * leaves);
  out->assign(outer * codes * stride, false);
  std::vector<int> first(codes, -1);
  for (size_t leaf = 0; leaf < leaves; ++leaf) {
    const size_t code = static_cast<size_t>(up[leaf]);
    for (size_t o = 0; o < outer; ++o) {
      for (size_t s = 0; s < stride; ++s) {
        const bool value = in[(o * leaves + leaf) * stride + s];
        const size_t at = (o * codes + code) * stride + s;
        if (first[code] < 0) {
          (*out)[at] = value;
        } else if ((*out)[at] != value) {
          return false;
        }
      }
    }
    first[code] = static_cast<int>(leaf);
  }
  return true;
}

// Levels of a dimension, coarsest first; the finest is last. Ties by name, so
// that the choice depends on the catalogue alone.
std::vector<int> CoarsestFirst(const Dimension& dimension) {
  std::vector<int> order;
  for (size_t l = 0; l < dimension.levels.size(); ++l) {
    order.push_back(static_cast<int>(l));
  }
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    const Level& left = dimension.levels[a];
    const Level& right = dimension.levels[b];
    if (left.codes.size() != right.codes.size()) {
      return left.codes.size() < right.codes.size();
    }
    return a != b && (b == 0 || (a != 0 && left.variable < right.variable));
  });
  return order;
}

bool TouchesPartCode(const Level& level, const std::vector<bool>& admitted,
                     size_t stride) {
  const size_t codes = level.codes.size();
  for (size_t i = 0; i < admitted.size(); ++i) {
    if (admitted[i] && !level.whole[(i / stride) % codes]) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Selection> Selection::Create(
    const DataSet& data_set, const std::optional<Filter>& filter) {
  Selection selection;
  if (!filter.has_value()) return selection;
  CAIRN_RETURN_IF_ERROR(CheckLimits(*filter));
  CAIRN_ASSIGN_OR_RETURN(std::vector<Universe> universes,
                         FindUniverses(data_set, *filter));
  std::vector<int> seen(data_set.dimensions.size(), 0);
  CAIRN_RETURN_IF_ERROR(CheckMultiValued(data_set, *filter, true, &seen));
  size_t combinations = 1, nodes = 0;
  for (const Universe& universe : universes) combinations *= universe.size;
  Visit(*filter, [&](const Filter&) { ++nodes; });
  if (combinations > kMaxCombinations || combinations * nodes > kMaxWork) {
    return Invalid(
        absl::StrCat("the filter combines more than ", kMaxCombinations,
                     " codes; use fewer variables, or coarser ones"));
  }
  TruthTable table(data_set, std::move(universes));
  CAIRN_ASSIGN_OR_RETURN(std::vector<bool> truth, table.Evaluate(*filter));

  // From the last axis to the first: drop what does not matter, coarsen the
  // rest.
  std::vector<SelectionAxis> axes;
  size_t stride = 1;
  for (size_t u = table.universes().size(); u-- > 0;) {
    const Universe& universe = table.universes()[u];
    const Dimension& dimension = data_set.dimensions[universe.dimension];
    std::vector<bool> merged;
    if (Coarsen(std::vector<int>(universe.size, 0), 1, stride, universe.size,
                truth, &merged)) {
      truth = std::move(merged);
      continue;
    }
    SelectionAxis axis;
    axis.dimension = universe.dimension;
    if (universe.place_level >= 0) {
      axis.level = universe.place_level;
      axis.codes = universe.codes;
      axis.open = true;
    } else {
      for (const int l : CoarsestFirst(dimension)) {
        const Level& level = dimension.levels[l];
        if (!Coarsen(dimension.up[l], level.codes.size(), stride, universe.size,
                     truth, &merged) ||
            TouchesPartCode(level, merged, stride)) {
          continue;
        }
        axis.level = l;
        for (const Code& code : level.codes) axis.codes.push_back(code.id);
        truth = std::move(merged);
        break;
      }
    }
    stride *= axis.size();
    axes.insert(axes.begin(), std::move(axis));
  }
  selection.axes_ = std::move(axes);
  selection.admitted_ = std::move(truth);
  return selection;
}

}  // namespace cairn
