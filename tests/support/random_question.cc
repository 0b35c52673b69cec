#include "tests/support/random_question.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cairn {
namespace {

const WorldDimension& DimensionOf(const World& world, int dimension) {
  return world.dimensions[static_cast<size_t>(dimension)];
}

const WorldLevel& LevelOf(const World& world, const Node& node) {
  return DimensionOf(world, node.dimension)
      .levels[static_cast<size_t>(node.level)];
}

// The last day of a month.
int LastDay(const std::string& month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
  const int number = std::atoi(&month[5]);
  const bool leap = std::atoi(month.c_str()) % 4 == 0;  // 2023 to 2026
  return kDays[number - 1] + (number == 2 && leap ? 1 : 0);
}

class Asker {
 public:
  Asker(const World& world, Rng* rng) : world_(world), rng_(*rng) {}

  RandomQuestion Make() {
    RandomQuestion question;
    std::vector<int> dimensions;
    for (size_t d = 0; d < world_.dimensions.size(); ++d) {
      if (world_.dimensions[d].held >= 0) {
        dimensions.push_back(static_cast<int>(d));
      }
    }
    rng_.Shuffle(&dimensions);
    dimensions.resize(static_cast<size_t>(rng_.Between(0, 4)));
    // Each is asked --by, filtered on, or both.
    std::vector<int> filtered;
    for (const int d : dimensions) {
      const int use = rng_.Between(0, 2);
      if (use != 1) filtered.push_back(d);
      if (use == 0) continue;
      question.by.push_back(
          DimensionOf(world_, d).levels[RandomLevel(d)].variable);
    }
    question.where = MakeFilter(filtered);
    if (rng_.Chance(60)) {
      question.measures = {"count", "distinct_persons", "sum:days",
                           "mean:cost"};
    } else if (rng_.Chance(80)) {
      static const std::vector<std::string> kOne = {
          "count", "distinct_persons", "sum:days", "sum:cost", "mean:days"};
      question.measures = {rng_.Pick(kOne)};
    }
    if (question.where)
      question.text = CairnText(world_, *question.where, &rng_);
    return question;
  }

 private:
  size_t RandomLevel(int dimension) {
    const WorldDimension& d = DimensionOf(world_, dimension);
    std::vector<size_t> askable;
    for (size_t l = 0; l < d.levels.size(); ++l) {
      if (d.Askable(static_cast<int>(l))) askable.push_back(l);
    }
    return rng_.Pick(askable);
  }

  std::optional<Node> MakeFilter(std::vector<int> dimensions) {
    std::optional<Node> multi;
    for (size_t i = 0; i < dimensions.size(); ++i) {
      const WorldDimension& d = DimensionOf(world_, dimensions[i]);
      if (d.kind == WorldKind::kPlace)
        place_level_ = RandomLevel(dimensions[i]);
      if (!d.multi) continue;
      multi = MakeMulti(dimensions[i]);
      dimensions.erase(dimensions.begin() + static_cast<long>(i--));
    }
    if (dimensions.empty()) return multi;
    Node tree = MakeTree(dimensions, rng_.Between(0, 4));
    if (!multi) return tree;
    Node both;
    both.parts = {std::move(tree), *std::move(multi)};
    rng_.Shuffle(&both.parts);
    return both;
  }

  Node MakeTree(const std::vector<int>& dimensions, int depth) {
    if (depth == 0 || rng_.Chance(15)) return MakeAtom(rng_.Pick(dimensions));
    Node node;
    const int kind = rng_.Between(0, 4);
    node.kind = kind < 2 ? Node::kAnd : kind < 4 ? Node::kOr : Node::kNot;
    const int count = node.kind == Node::kNot ? 1 : rng_.Between(2, 3);
    for (int i = 0; i < count; ++i) {
      node.parts.push_back(MakeTree(dimensions, depth - 1));
    }
    return node;
  }

  Node MakeMulti(int dimension) {
    Node node = Start(dimension, 0);
    node.kind = rng_.Chance(30) ? Node::kEqual : Node::kIn;
    AddCodes(node.kind == Node::kIn ? rng_.Between(1, 4) : 1, &node);
    return node;
  }

  Node Start(int dimension, size_t level) {
    Node node;
    node.dimension = dimension;
    node.level = static_cast<int>(level);
    node.name = DimensionOf(world_, dimension).levels[level].variable;
    return node;
  }

  // Codes that = and IN may name: not those the period cuts.
  void AddCodes(int count, Node* node) {
    const WorldLevel& level = LevelOf(world_, *node);
    while (static_cast<int>(node->values.size()) < count) {
      const size_t i = rng_.Below(level.codes.size());
      if (!level.whole.empty() && !level.whole[i]) continue;
      node->values.push_back({level.codes[i].id, 0, ""});
      // A place that this agency does not have.
      if (DimensionOf(world_, node->dimension).kind == WorldKind::kPlace &&
          rng_.Chance(5)) {
        node->values.back().code = node->level == 2 ? "D9" : "E01000001";
      }
      if (node->name == "hour" && level.codes[i].low && rng_.Chance(50)) {
        node->values.back().shown = absl::StrCat(*level.codes[i].low);
      }
    }
  }

  Node MakeAtom(int dimension) {
    const WorldDimension& d = DimensionOf(world_, dimension);
    const size_t level =
        d.kind == WorldKind::kPlace ? place_level_ : RandomLevel(dimension);
    Node node = Start(dimension, level);
    const bool ordered =
        d.kind == WorldKind::kTime || d.levels[level].numbers();
    if (ordered && rng_.Chance(55)) {
      if (d.kind == WorldKind::kTime) return TimeOrder(std::move(node));
      return BandOrder(std::move(node));
    }
    if (rng_.Chance(8) && d.kind != WorldKind::kPopulation) {
      node.kind = rng_.Chance(50) ? Node::kIsNull : Node::kIsNotNull;
      return node;
    }
    static const std::vector<Node::Kind> kKinds = {
        Node::kEqual, Node::kNotEqual, Node::kIn, Node::kIn, Node::kNotIn};
    node.kind = rng_.Pick(kKinds);
    const bool several = node.kind == Node::kIn || node.kind == Node::kNotIn;
    AddCodes(several ? rng_.Between(1, 5) : 1, &node);
    return node;
  }

  static Node::Kind RandomOrder(Rng* rng) {
    static const std::vector<Node::Kind> kKinds = {
        Node::kLess,           Node::kLessOrEqual, Node::kGreater,
        Node::kGreaterOrEqual, Node::kBetween,     Node::kNotBetween};
    return rng->Pick(kKinds);
  }

  // An edge of a month as a date, or the code itself.
  Node::Value TimeValue(const Node& node, const std::string& code,
                        bool starts) {
    Node::Value value{code, 0, ""};
    if (node.level == 0 && rng_.Chance(40)) {
      value.shown = absl::StrCat(
          "'", code, "-",
          absl::Dec(starts ? 1 : LastDay(code), absl::kZeroPad2), "'");
    }
    return value;
  }

  Node TimeOrder(Node node) {
    const auto& codes = LevelOf(world_, node).codes;
    const size_t known = codes.size() - 1;
    const std::string low = codes[rng_.Below(known)].id;
    const std::string high = codes[rng_.Below(known)].id;
    if (node.level == 0 && rng_.Chance(30)) node.name = "occurred";
    node.kind = RandomOrder(&rng_);
    if (node.kind == Node::kBetween || node.kind == Node::kNotBetween) {
      node.values = {TimeValue(node, std::min(low, high), true),
                     TimeValue(node, std::max(low, high), false)};
    } else {
      node.values = {TimeValue(
          node, low,
          node.kind == Node::kLess || node.kind == Node::kGreaterOrEqual)};
    }
    return node;
  }

  // By number or by the code of a band: both stand for an edge.
  Node::Value Edge(const WorldCode& code, bool starts) {
    const int64_t edge = starts ? *code.low : *code.high;
    if (edge == kOpen || rng_.Chance(30)) {
      return {"", edge, absl::StrCat("'", code.id, "'")};
    }
    return {"", edge, absl::StrCat(edge)};
  }

  Node BandOrder(Node node) {
    const auto& codes = LevelOf(world_, node).codes;
    const size_t known = codes.size() - 1;
    size_t low = rng_.Below(known), high = rng_.Below(known);
    if (low > high) std::swap(low, high);
    const WorldDimension& d = DimensionOf(world_, node.dimension);
    if (node.level == 0 && rng_.Chance(30)) node.name = d.id;
    node.kind = RandomOrder(&rng_);
    if (node.kind == Node::kBetween || node.kind == Node::kNotBetween) {
      node.values = {Edge(codes[low], true), Edge(codes[high], false)};
      return node;
    }
    const bool starts =
        node.kind == Node::kLess || node.kind == Node::kGreaterOrEqual;
    // Nothing lies above the last band.
    if (node.kind == Node::kGreater && *codes[low].high == kOpen) --low;
    node.values = {Edge(codes[low], starts)};
    return node;
  }

  const World& world_;
  Rng& rng_;
  size_t place_level_ = 0;
};

// ---- SQL

std::string Condition(const World& world, const Node& node) {
  const WorldLevel& level = LevelOf(world, node);
  const std::string& column = level.variable;
  const auto code = [&](size_t i) {
    return absl::StrCat("'", node.values[i].code, "'");
  };
  const auto list = absl::StrJoin(node.values, ",",
                                  [](std::string* out, const Node::Value& v) {
                                    absl::StrAppend(out, "'", v.code, "'");
                                  });
  static constexpr const char* kSigns[] = {"<", "<=", ">", ">="};
  switch (node.kind) {
    case Node::kEqual:
      return absl::StrCat(column, " = ", code(0));
    case Node::kNotEqual:
      return absl::StrCat(column, " <> ", code(0));
    case Node::kIn:
      return absl::StrCat(column, " IN (", list, ")");
    case Node::kNotIn:
      return absl::StrCat(column, " NOT IN (", list, ")");
    case Node::kIsNull:
      return absl::StrCat(column, " = 'U'");
    case Node::kIsNotNull:
      return absl::StrCat(column, " <> 'U'");
    default:
      break;
  }
  const bool between =
      node.kind == Node::kBetween || node.kind == Node::kNotBetween;
  std::string order;
  if (level.numbers()) {
    const int64_t first = node.values[0].number;
    const bool below =
        node.kind == Node::kLess || node.kind == Node::kLessOrEqual;
    order = absl::StrCat(
        column, " IN (SELECT code FROM band WHERE variable = '", column,
        "' AND ",
        between ? absl::StrCat("low >= ", first,
                               " AND high <= ", node.values[1].number)
                : absl::StrCat(below ? "high " : "low ",
                               kSigns[node.kind - Node::kLess], " ", first),
        ")");
  } else {
    order = absl::StrCat(
        "(", column, " <> 'U' AND ", column,
        between
            ? absl::StrCat(" BETWEEN ", code(0), " AND ", code(1))
            : absl::StrCat(" ", kSigns[node.kind - Node::kLess], " ", code(0)),
        ")");
  }
  return node.kind == Node::kNotBetween ? absl::StrCat("NOT ", order) : order;
}

}  // namespace

RandomQuestion MakeQuestion(const World& world, Rng* rng) {
  return Asker(world, rng).Make();
}

std::string SqlText(const World& world, const Node& node, bool joined) {
  if (node.IsAtom()) {
    const std::string condition = Condition(world, node);
    if (!DimensionOf(world, node.dimension).multi || joined) return condition;
    return absl::StrCat(
        "EXISTS (SELECT 1 FROM why WHERE why.rid = rec.rid AND ", condition,
        ")");
  }
  if (node.kind == Node::kNot) {
    return absl::StrCat("NOT (", SqlText(world, node.parts[0], joined), ")");
  }
  return absl::StrCat(
      "(",
      absl::StrJoin(node.parts, node.kind == Node::kAnd ? " AND " : " OR ",
                    [&](std::string* out, const Node& part) {
                      absl::StrAppend(out, SqlText(world, part, joined));
                    }),
      ")");
}

std::vector<int> DimensionsOf(const Node& node) {
  if (node.IsAtom()) return {node.dimension};
  std::set<int> all;
  for (const Node& part : node.parts) {
    const std::vector<int> some = DimensionsOf(part);
    all.insert(some.begin(), some.end());
  }
  return {all.begin(), all.end()};
}

}  // namespace cairn
