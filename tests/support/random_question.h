#ifndef CAIRN_TESTS_SUPPORT_RANDOM_QUESTION_H_
#define CAIRN_TESTS_SUPPORT_RANDOM_QUESTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/random_world.h"

namespace cairn {

// A filter as the test keeps it: it can be printed for Cairn in many dresses,
// and as SQL for the sqlite3 program. It shares nothing with
// core/query/filter.h.
struct Node {
  enum Kind {
    kAnd,
    kOr,
    kNot,
    kEqual,
    kNotEqual,
    kIn,
    kNotIn,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kBetween,
    kNotBetween,
    kIsNull,
    kIsNotNull,
  };
  struct Value {
    std::string code;    // what SQL compares with, for codes and months
    int64_t number = 0;  // ... for bands: an edge
    std::string shown;   // what Cairn is given, quotes and all; else `code`
  };
  Kind kind = kAnd;
  std::vector<Node> parts;
  int dimension = -1;
  int level = 0;
  std::string name;  // of the variable in Cairn: a level, or a dimension's id
  std::vector<Value> values;

  bool IsAtom() const { return kind > kNot; }
};

struct RandomQuestion {
  std::vector<std::string> by;
  std::vector<std::string> measures;
  std::optional<Node> where;
  std::string text;  // `where` as it was printed for Cairn
};

// A question that the catalogue and the agency's holdings admit, but for the
// size of its table: at most 4 variables, a filter of depth 1 to 5.
RandomQuestion MakeQuestion(const World& world, Rng* rng);

// Prints a filter for Cairn: keywords in any case, spaces, brackets, aliases.
// Without a generator: plainly.
std::string CairnText(const World& world, const Node& node, Rng* rng = nullptr);

// Prints it as an SQL condition on columns named as the variables.
// `joined`: the multi-valued column stands in the row, else it is looked up.
std::string SqlText(const World& world, const Node& node, bool joined);

// Another tree with the same meaning.
Node Dress(const World& world, const Node& node, Rng* rng);

// The dimensions a filter names.
std::vector<int> DimensionsOf(const Node& node);

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_RANDOM_QUESTION_H_
